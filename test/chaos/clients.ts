import { setTimeout as delay } from 'node:timers/promises';
import type { GraphqlClient } from '../kit/graphql-client.js';
import { CANCEL_COMPLETION, COMPLETE, COMPLETION, START_COMPLETION } from '../kit/operations.js';
import type { StreamEvent } from '../kit/streams.js';
import type { Action } from './plan.js';
import { isTerminal, readOn } from './reader.js';
import type { ReadEnd, Reading, Source } from './reader.js';
import { MODEL } from './world.js';

/** What a client was told of a completion's end. */
export interface Told {
  readonly id: string;
  readonly status: string;
  readonly text: string | null;
  readonly usage: { readonly totalInput: number; readonly totalOutput: number; readonly source: string } | null;
}

/** What kept a client from going on. */
export interface Trouble {
  /** An error code, or what became of the connection. */
  readonly what: string;
  /** As the gateway words it. */
  readonly message: string;
  /** By `performance.now()`. */
  readonly atMs: number;
}

/** All that the client of one action knows in the end. */
export interface Known {
  readonly action: Action;
  /** By `performance.now()`. */
  readonly beganMs: number;
  readonly reading: Reading;
  readonly ids: Set<string>;
  readonly told: Told[];
  /** Error codes and broken connections, in order. */
  readonly troubles: Trouble[];
  resumes: number;
  /** How it ended for the client: with an outcome, by its own will, or because time was up. */
  end: 'told' | 'refused' | 'left' | 'unknown' | 'time-up';
}

export interface Ground {
  /** Null while no replica is up. */
  readonly client: () => GraphqlClient | null;
  /** Nobody tries again. */
  readonly over: () => boolean;
}

/** Try again: nothing has been decided. */
const PASSING = new Set(['EVENTS_ELSEWHERE', 'SERVICE_UNAVAILABLE']);
const TRY_AGAIN_MS = 150;
/** Ends what stalls. */
const TIMEOUT_MS = 2_500;

export async function act(action: Action, ground: Ground): Promise<Known> {
  const known: Known = {
    ...{ action, beganMs: performance.now(), reading: { events: [], faults: [] }, ids: new Set<string>(), told: [], troubles: [] },
    ...{ resumes: 0, end: 'unknown' },
  };
  if (action.door === 'complete') await ask(known, ground, COMPLETE);
  else if (action.door === 'start') await startAndRead(known, ground);
  else await watch(known, ground, { input: inputOf(action), key: action.key ?? '' });
  return known;
}

function inputOf({ tag, habit }: Action): object {
  const policy = habit === 'leave' ? { onDisconnect: 'CANCEL' } : {};
  return { model: MODEL, messages: [{ role: 'USER', text: tag }], user: tag, timeoutMs: TIMEOUT_MS, ...policy };
}

interface Outcome {
  readonly __typename: string;
  readonly id?: string;
  readonly status?: string;
  readonly text?: string | null;
  readonly usage?: Told['usage'];
  readonly code?: string;
  readonly message?: string;
  readonly inference?: { readonly id: string; readonly status: string } | null;
}

/** A mutation; again with the same key while nobody knows what came of it, and never again without a key. */
async function ask(known: Known, ground: Ground, document: string): Promise<Outcome | null> {
  const { action } = known;
  for (; !ground.over(); await delay(TRY_AGAIN_MS, null)) {
    const client = ground.client();
    if (!client) continue;
    const outcome = await once(client, document, { input: inputOf(action), key: action.key });
    if (!('what' in outcome)) return hear(known, outcome);
    known.troubles.push(outcome);
    if (action.key === null && !PASSING.has(outcome.what)) return null;
  }
  known.end = 'time-up';
  return null;
}

/** The one result, or why there is none. */
async function once(client: GraphqlClient, document: string, variables: object): Promise<Outcome | Trouble> {
  try {
    const { data, errors } = await client.query<Record<string, Outcome>>(document, variables);
    const [outcome] = Object.values(data ?? {});
    if (outcome) return outcome.code !== undefined && PASSING.has(outcome.code) ? trouble(outcome.code, outcome.message) : outcome;
    const code = errors?.[0]?.extensions['code'];
    return trouble(typeof code === 'string' ? code : 'NO_RESULT', errors?.[0]?.message);
  } catch (error) {
    const cause = error instanceof Error ? error.cause : null;
    return trouble('broken', cause instanceof Error ? cause.message : String(error));
  }
}

function troubleOf(ended: ReadEnd): Trouble {
  return ended.end === 'code' ? trouble(ended.code, ended.message) : trouble(ended.end, 'message' in ended ? ended.message : '');
}

function trouble(what: string, message = ''): Trouble {
  return { what, message, atMs: performance.now() };
}

function hear(known: Known, outcome: Outcome): Outcome {
  const id = outcome.id ?? outcome.inference?.id;
  const status = outcome.status ?? outcome.inference?.status;
  known.end = outcome.code === undefined ? 'told' : 'refused';
  if (id !== undefined) known.ids.add(id);
  if (id !== undefined && status !== undefined && status !== 'RUNNING')
    known.told.push({ id, status, text: outcome.text ?? null, usage: outcome.usage ?? null });
  return outcome;
}

async function startAndRead(known: Known, ground: Ground): Promise<void> {
  const started = await ask(known, ground, START_COMPLETION);
  if (started?.__typename !== 'Completion' || started.id === undefined) return;
  if ((await watch(known, ground, { id: started.id })) !== 'refused') return;
  // Its words are gone; what came of it is not.
  for (; !ground.over(); await delay(TRY_AGAIN_MS, null)) {
    const client = ground.client();
    const outcome = client ? await once(client, COMPLETION, { id: started.id }) : trouble('down');
    if ('what' in outcome || outcome.status === 'RUNNING') continue;
    hear(known, outcome);
    return;
  }
}

/** Reads a stream to its end, going away and coming back as the action and the faults have it. */
async function watch(known: Known, ground: Ground, source: Source): Promise<Known['end']> {
  known.end = await watchToEnd(known, ground, source);
  return known.end;
}

async function watchToEnd(known: Known, ground: Ground, source: Source): Promise<Known['end']> {
  const { action, reading } = known;
  let away = action.habit === 'hop' ? 3 : action.habit === 'leave' ? 1 : 0;
  let cancelled = action.habit !== 'cancel';
  for (; !ground.over(); await delay(TRY_AGAIN_MS, null)) {
    const client = ground.client();
    if (!client) continue;
    if (reading.events.length > 0) known.resumes += 1;
    const from = reading.events.length;
    const enough = async (events: readonly StreamEvent[]): Promise<boolean> => {
      if (!cancelled && events.length >= action.afterEvents) {
        cancelled = true;
        await client.query(CANCEL_COMPLETION, { id: events[0]?.completionId }).catch(() => known.troubles.push(trouble('cancel broken')));
      }
      return away > 0 && events.length - from >= action.afterEvents;
    };
    const door = action.door === 'events' ? 'events' : 'socket';
    const ended = await readOn(client, { door, source, reading, enough });
    for (const { completionId } of reading.events) known.ids.add(completionId);
    if (ended.end === 'enough') away -= 1;
    else if (ended.end !== 'terminal') known.troubles.push(troubleOf(ended));
    if (ended.end === 'enough' && action.habit === 'leave') return 'left';
    if (ended.end === 'terminal') return hearTerminal(known, reading.events.at(-1));
    if (ended.end === 'code' && !PASSING.has(ended.code)) return 'refused';
  }
  return 'time-up';
}

function hearTerminal(known: Known, last: StreamEvent | undefined): Known['end'] {
  if (!last || !isTerminal(last) || !last.completion) return 'unknown';
  const { id, status, text, usage } = last.completion;
  known.told.push({ id, status, text, usage: (usage ?? null) as Told['usage'] });
  return 'told';
}
