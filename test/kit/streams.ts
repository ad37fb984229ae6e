import type { GraphqlSocket } from './graphql-client.js';
import { STREAM_COMPLETION } from './operations.js';

/** One event of a completion's stream, as the shared documents ask for it. */
export interface StreamEvent {
  readonly __typename: string;
  readonly completionId: string;
  /** Less than `sequence` where deltas were joined for a slow reader. */
  readonly firstSequence: number;
  readonly sequence: number;
  readonly at: string;
  readonly text?: string;
  readonly index?: number;
  readonly id?: string | null;
  readonly name?: string | null;
  readonly argumentsDelta?: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly usage?: Record<string, unknown>;
  readonly completion?: Record<string, unknown> & { readonly id: string; readonly status: string; readonly text: string | null };
}

/** Streams a completion to its end over a socket. */
export async function streamAll(socket: GraphqlSocket, variables: { input: object; key: string; after?: number }): Promise<StreamEvent[]> {
  const { data, errors } = await socket.collect<{ streamCompletion: StreamEvent }>(STREAM_COMPLETION, variables);
  if (errors) throw new Error(JSON.stringify(errors));
  return data.map((result) => result.streamCompletion);
}

export function textOf(events: readonly StreamEvent[]): string {
  return events.map((event) => (event.__typename === 'TextDelta' ? (event.text ?? '') : '')).join('');
}

/** Numbers at which something is missing, or comes twice. */
export function gapsOf(events: readonly StreamEvent[]): readonly number[] {
  return events.flatMap(({ firstSequence }, index) => (firstSequence === (events[index - 1]?.sequence ?? -1) + 1 ? [] : [firstSequence]));
}

export function terminalOf(events: readonly StreamEvent[]): StreamEvent {
  const last = events.at(-1);
  if (last === undefined || !['CompletionFinished', 'CompletionFailed'].includes(last.__typename))
    throw new Error(`not a terminal event: ${JSON.stringify(last)}`);
  return last;
}

/** The calls of a stream put together from their deltas, in order of index. */
export function callsOf(events: readonly StreamEvent[]): { id: string; name: string; arguments: string }[] {
  const calls: { id: string; name: string; arguments: string }[] = [];
  for (const event of events) {
    if (event.__typename !== 'ToolCallDelta') continue;
    const call = (calls[event.index ?? -1] ??= { id: '', name: '', arguments: '' });
    call.id += event.id ?? '';
    call.name += event.name ?? '';
    call.arguments += event.argumentsDelta ?? '';
  }
  return calls;
}
