import { EMPTY_ANSWER } from '../../src/core/answer.js';
import type { Deployment } from '../../src/core/catalogue.js';
import type { Clock } from '../../src/core/clock.js';
import { newId } from '../../src/core/ids.js';
import type { RouteNode } from '../../src/core/routes.js';
import { parseCompletionInput } from '../../src/inference/input/parse.js';
import { createHealthBoard } from '../../src/routing/health.js';
import type { Sizing } from '../../src/routing/journey.js';
import { createRouter } from '../../src/routing/router.js';
import { createScriptedCaller, deployment, failure, input, principal, snapshotOf, usage } from '../inference/kit.js';
import { routeOf, seeded } from './stage.js';

/** A target that answers in `serviceMs` ± 30 %, as many calls at a time as it has places; without places any number. With lengths: 100 tokens of it. */
export interface SimulatedTarget {
  readonly slug: string;
  serviceMs: number;
  readonly places?: number;
  fails?: boolean;
  /** Tokens of each answer. */
  readonly tokens?: number;
}

export interface Arrival {
  readonly atMs: number;
  readonly slug: string;
  readonly tookMs: number;
}

interface Simulated {
  readonly main: (slugs: readonly string[]) => RouteNode;
  readonly targets: readonly SimulatedTarget[];
  readonly perSecond: number;
  readonly count: number;
  /** Called before each arrival. */
  readonly meanwhile?: (atMs: number, targets: readonly SimulatedTarget[]) => void;
  /** What a call costs at each target; without it none has a price. */
  readonly costs?: Readonly<Record<string, number>>;
  /** Answers of so many tokens, from the least to the most, their logarithms evenly spread; without it each is as its target's. */
  readonly lengths?: readonly [number, number];
  /** Decides in the router's stead, knowing what each target would take now. */
  readonly oracle?: boolean;
}

/** One target at its work: when each of its places is free again. */
interface Desk extends SimulatedTarget {
  readonly deployment: Deployment;
  readonly freeAtMs: number[];
}

/** Calls arrive by chance at a rate, decided and measured by the real router and health board; time is only counted, so nothing waits. */
export function simulate({
  main,
  targets,
  perSecond,
  count,
  meanwhile,
  costs = {},
  lengths,
  oracle = false,
}: Simulated): readonly Arrival[] {
  const time = createCountedTime();
  const [arrival, spread, length] = [seeded('arrivals'), seeded('spread'), seeded('lengths')];
  const desks = targets.map((target) => deskOf(target));
  const health = createHealthBoard({ clock: time.clock });
  const sizing: Sizing = { inputTokens: () => 10, cost: (_, { slug }) => costs[slug] ?? null };
  const router = createRouter({ caller: createScriptedCaller(), health, clock: time.clock, random: seeded('router'), sizing });
  const snapshot = snapshotOf(
    desks.map((desk) => desk.deployment),
    undefined,
    [routeOf('main', main(targets.map(({ slug }) => slug)))],
  );
  const parsed = parseCompletionInput(input({ model: 'main' }));
  if (!parsed.ok) throw new Error('the call is refused');
  const who = principal();
  const picked = (): Desk | undefined => {
    if (oracle) return desks.toSorted((left, right) => expectedMs(left, time.nowMs()) - expectedMs(right, time.nowMs()))[0];
    const plan = router.plan(parsed.value, { principal: who, snapshot });
    const first = plan.ok ? plan.value.targets.find((target) => health.admit(target)) : undefined;
    return desks.find((desk) => desk.deployment.id === first?.id);
  };
  const arrivals: Arrival[] = [];
  for (let index = 0; index < count; index += 1) {
    time.advanceTo(time.nowMs() - (Math.log(1 - arrival()) / perSecond) * 1_000);
    meanwhile?.(time.nowMs(), desks);
    const desk = picked();
    if (!desk) continue;
    const startedAt = time.clock.now();
    const tokens = lengths ? Math.round(lengths[0] * (lengths[1] / lengths[0]) ** length()) : (desk.tokens ?? 50);
    const tookMs = serve(desk, time.nowMs(), (0.7 + 0.6 * spread()) * (lengths ? tokens / 100 : 1));
    const failed = desk.fails === true;
    health.attemptStarted(desk.deployment);
    time.clock.after(tookMs, () =>
      health.attemptEnded({
        ...{ id: newId('attempt'), index: 0, deployment: desk.deployment, status: failed ? 'FAILED' : 'SUCCEEDED', startedAt },
        ...{ failure: failed ? failure('SERVER_ERROR') : null, accepted: true, firstTokenMs: tookMs / 4, durationMs: tookMs },
        answer: { ...EMPTY_ANSWER, usage: usage(10, tokens) },
      }),
    );
    arrivals.push({ atMs: time.nowMs(), slug: desk.slug, tookMs });
  }
  return arrivals;
}

function deskOf(target: SimulatedTarget): Desk {
  const { slug } = target;
  const made = deployment({ slug, provider: { slug: `at-${slug}` }, model: { slug: `m-${slug}` } });
  return Object.assign(target, { deployment: made, freeAtMs: Array.from({ length: target.places ?? 0 }, () => 0) });
}

function waitMs({ freeAtMs }: Desk, nowMs: number): number {
  return freeAtMs.length === 0 ? 0 : Math.max(0, Math.min(...freeAtMs) - nowMs);
}

function expectedMs(desk: Desk, nowMs: number): number {
  return waitMs(desk, nowMs) + desk.serviceMs;
}

function serve(desk: Desk, nowMs: number, factor: number): number {
  const tookMs = waitMs(desk, nowMs) + desk.serviceMs * factor;
  const place = desk.freeAtMs.indexOf(Math.min(...desk.freeAtMs));
  if (place >= 0) desk.freeAtMs[place] = nowMs + tookMs;
  return tookMs;
}

function createCountedTime() {
  const startMs = Date.parse('2026-11-21T12:00:00Z');
  const timers: { readonly atMs: number; readonly run: () => void }[] = [];
  let nowMs = 0;
  const clock: Clock = {
    now: () => new Date(startMs + nowMs),
    monotonicMs: () => nowMs,
    after(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run };
      // By binary search: there may be thousands.
      let [low, high] = [0, timers.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((timers[middle]?.atMs ?? 0) > timer.atMs) low = middle + 1;
        else high = middle;
      }
      timers.splice(low, 0, timer);
      return () => {
        const at = timers.indexOf(timer);
        if (at >= 0) timers.splice(at, 1);
      };
    },
  };
  return {
    clock,
    nowMs: () => nowMs,
    advanceTo(untilMs: number): void {
      for (let next = timers.at(-1); next && next.atMs <= untilMs; next = timers.at(-1)) {
        timers.pop();
        nowMs = next.atMs;
        next.run();
      }
      nowMs = untilMs;
    },
  };
}
