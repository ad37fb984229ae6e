import { createChance } from './random.js';
import type { Chance } from './random.js';

/** What the upstream does to one request. `cut-late`: after the usage, before the end. */
export type Fate = 'ok' | 'slow' | 'cut' | 'cut-late' | '500' | '429' | 'stall';

export interface Script {
  readonly fate: Fate;
  readonly deltas: number;
  readonly pauseMs: number;
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number };
}

/** stay: to the end. hop: away and back, by `after`. cancel: by the mutation. leave: for good, which ends the call. */
export type Habit = 'stay' | 'hop' | 'cancel' | 'leave';

export interface Action {
  /** Unique; the upstream sees it in the prompt, the ledger in `user`. */
  readonly tag: string;
  readonly atMs: number;
  readonly door: 'complete' | 'start' | 'socket' | 'events';
  readonly key: string | null;
  readonly habit: Habit;
  /** The habit acts when this many events have come. */
  readonly afterEvents: number;
  /** Of the first request, the second, …; past them all goes well. */
  readonly scripts: readonly Script[];
}

export interface Fault {
  readonly atMs: number;
  /** terminate: every connection of the database ends once. away: it can't be reached for a while. */
  readonly kind: 'kill' | 'terminate' | 'away';
  readonly forMs: number;
}

export interface Plan {
  readonly seed: number;
  readonly durationMs: number;
  readonly actions: readonly Action[];
  readonly faults: readonly Fault[];
}

export interface PlanOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly actionsPerSecond: number;
  /** Of each kind; spread over the first three quarters of the time. */
  readonly faults: Readonly<Record<Fault['kind'], number>>;
}

/** Everything that clients, upstream and machines will do, decided before it begins: the same for the same options. */
export function makePlan({ seed, durationMs, actionsPerSecond, faults }: PlanOptions): Plan {
  const chance = createChance(seed);
  const count = Math.ceil((durationMs / 1_000) * actionsPerSecond);
  const actions = Array.from({ length: count }, (_, index) => makeAction(chance, `chaos-${seed}-${index}`, durationMs));
  const made = (Object.keys(faults) as Fault['kind'][]).flatMap((kind) =>
    Array.from({ length: faults[kind] }, (_, index) => makeFault(chance, kind, { index, of: faults[kind], durationMs })),
  );
  return { seed, durationMs, actions: byTime(actions), faults: byTime(made) };
}

function makeAction(chance: Chance, tag: string, durationMs: number): Action {
  const door = chance.pick({ complete: 3, start: 2, socket: 3, events: 2 });
  const keyed = door === 'socket' || door === 'events' || chance.next() < 0.5;
  return {
    tag,
    atMs: Math.floor(chance.next() * durationMs),
    door,
    key: keyed ? `key-${tag}` : null,
    habit: door === 'complete' ? 'stay' : chance.pick({ stay: 4, hop: 4, cancel: 1.5, leave: 1.5 }),
    afterEvents: chance.between(1, 8),
    scripts: Array.from({ length: chance.between(1, 2) }, () => makeScript(chance)),
  };
}

function makeScript(chance: Chance): Script {
  const input = chance.between(5, 5_000);
  const output = chance.between(1, 2_000);
  return {
    fate: chance.pick({ ok: 6, slow: 4, cut: 1.5, 'cut-late': 0.5, '500': 1, '429': 0.7, stall: 0.7 }),
    deltas: chance.between(3, 30),
    pauseMs: chance.between(0, 40),
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
  };
}

function makeFault(chance: Chance, kind: Fault['kind'], place: { index: number; of: number; durationMs: number }): Fault {
  const share = (place.index + 0.2 + 0.6 * chance.next()) / place.of;
  return { kind, atMs: Math.floor(place.durationMs * 0.75 * share), forMs: chance.between(200, 1_200) };
}

function byTime<T extends { readonly atMs: number }>(list: readonly T[]): readonly T[] {
  return list.toSorted((left, right) => left.atMs - right.atMs);
}
