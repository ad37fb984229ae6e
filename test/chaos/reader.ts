import type { ExecutionResult } from 'graphql';
import type { Extensions, GraphqlClient } from '../kit/graphql-client.js';
import { COMPLETION_STREAM, STREAM_COMPLETION } from '../kit/operations.js';
import type { StreamEvent } from '../kit/streams.js';

/** Which stream: by its key and input, which begins it; or by its id. */
export type Source = { readonly input: object; readonly key: string } | { readonly id: string };

/** What a client has read of one completion, over all its connections. */
export interface Reading {
  readonly events: StreamEvent[];
  /** Where a number was missing, or came twice. */
  readonly faults: string[];
}

/** terminal: the last event has come. code: the operation was refused or ended with this error. broken: the connection is gone. */
export type ReadEnd = { readonly end: 'terminal' | 'enough' | 'complete' } | Broken | Refused;

interface Broken {
  readonly end: 'broken';
  /** The code it was closed with, or the fault. */
  readonly message: string;
}

interface Refused {
  readonly end: 'code';
  readonly code: string;
  readonly message: string;
}

export interface ReadOptions {
  readonly door: 'socket' | 'events';
  readonly source: Source;
  readonly reading: Reading;
  /** Asked after each event; true: go away, by dropping the connection. */
  readonly enough: (events: readonly StreamEvent[]) => boolean | Promise<boolean>;
}

/** Reads on from where `reading` stands, over a connection of its own. */
export async function readOn(client: GraphqlClient, { door, source, reading, enough }: ReadOptions): Promise<ReadEnd> {
  const after = reading.events.at(-1)?.sequence ?? -1;
  const [document, variables] = 'id' in source ? [COMPLETION_STREAM, { ...source, after }] : [STREAM_COMPLETION, { ...source, after }];
  const socket = door === 'socket' ? client.openSocket() : null;
  const results: AsyncIterableIterator<ExecutionResult<Record<string, StreamEvent>, Extensions>> = socket
    ? socket.subscribe(document, variables)
    : client.events(document, variables);
  try {
    for await (const { data, errors } of results) {
      if (errors) return refusal(errors[0]);
      const [event] = Object.values(data ?? {});
      if (!event) return { end: 'code', code: 'NO_EVENT', message: '' };
      take(event, reading);
      if (isTerminal(event)) return { end: 'terminal' };
      if (await enough(reading.events)) {
        socket?.terminate();
        return { end: 'enough' };
      }
    }
    return { end: 'complete' };
  } catch (thrown) {
    return Array.isArray(thrown) ? refusal(thrown[0] as ToldError | undefined) : { end: 'broken', message: wordsOf(thrown) };
  } finally {
    await socket?.dispose();
  }
}

interface ToldError {
  readonly message?: string;
  readonly extensions?: Extensions;
}

function refusal(error: ToldError | undefined): ReadEnd {
  const code = error?.extensions?.['code'];
  return typeof code === 'string' ? { end: 'code', code, message: error?.message ?? '' } : { end: 'broken', message: error?.message ?? '' };
}

function wordsOf(thrown: unknown): string {
  const { code, reason, message } = thrown as { code?: unknown; reason?: unknown; message?: unknown };
  return [code, reason, message].filter((word) => word !== undefined && word !== '').join(' ');
}

export function isTerminal({ __typename }: StreamEvent): boolean {
  return __typename === 'CompletionFinished' || __typename === 'CompletionFailed';
}

function take(event: StreamEvent, { events, faults }: Reading): void {
  const last = events.at(-1);
  const expected = (last?.sequence ?? -1) + 1;
  if (event.firstSequence !== expected) faults.push(`event ${event.firstSequence} came where ${expected} was due`);
  if (last && last.completionId !== event.completionId) faults.push(`another completion: ${event.completionId} after ${last.completionId}`);
  if (last && isTerminal(last)) faults.push('an event after the terminal one');
  events.push(event);
}
