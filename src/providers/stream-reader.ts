import type { AnswerDelta } from '../core/answer.js';
import type { Failure } from '../core/failures.js';
import { isJsonObject } from '../core/json.js';
import type { JsonObject } from '../core/json.js';
import type { SseFrame, StreamReader } from './contract.js';
import { parseJson } from './json-read.js';

/** What a format knows of its own stream; everything is pure. */
export interface StreamRules<State extends { readonly ended: boolean }> {
  readonly initial: State;
  readonly reduce: (state: State, event: JsonObject) => readonly [State, readonly AnswerDelta[]];
  /** The failure that an event tells; null where it is none. */
  readonly toFailure: (event: JsonObject, name: string | null) => Failure | null;
  /** What the orderly end of the connection adds, where a format has no terminal event. */
  readonly close?: (state: State) => readonly [State, readonly AnswerDelta[]];
}

/** A reader of streams whose events are JSON objects. After the end, and after a failure, nothing is read any more. */
export function createStreamReader<State extends { readonly ended: boolean }>(rules: StreamRules<State>): StreamReader {
  let state = rules.initial;
  const keep = ([next, deltas]: readonly [State, readonly AnswerDelta[]]) => {
    state = next;
    return deltas;
  };
  return {
    read: (frame) => keep(reduceFrame(state, frame, rules)),
    close: () => (state.ended || rules.close === undefined ? [] : keep(rules.close(state))),
  };
}

function reduceFrame<State extends { readonly ended: boolean }>(
  state: State,
  frame: SseFrame,
  rules: StreamRules<State>,
): readonly [State, readonly AnswerDelta[]] {
  const data = frame.data.trim();
  if (state.ended || data === '' || data === '[DONE]') return [state, []];
  const event = parseJson(data);
  const isObject = isJsonObject(event);
  const failure = isObject ? rules.toFailure(event, frame.event) : unreadable(frame, data);
  if (failure !== null) return [{ ...state, ended: true }, [{ type: 'failure', failure }]];
  return isObject ? rules.reduce(state, event) : [state, []];
}

function unreadable(frame: SseFrame, data: string): Failure {
  const detail = frame.event === 'error' ? data : 'An event of the stream is not a JSON object.';
  return { class: frame.event === 'error' ? 'SERVER_ERROR' : 'BAD_RESPONSE', detail, httpStatus: 200, retryAfterMs: null };
}
