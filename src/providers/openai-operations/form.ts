import type { AnswerDelta } from '../../core/answer.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import type { OperationCall } from '../../core/operations.js';
import type { ChatRequest, ChatRequestOptions, ProviderTarget } from '../contract.js';
import { extraFields, leftOut, withoutRefused } from '../extra-fields.js';
import { fromOpenAiError } from '../openai-chat/failures.js';
import { keyHeaders, pathOf } from '../openai-chat/request.js';
import type { Quirks } from '../preset.js';
import { quirksOf } from '../presets.js';
import { bodyObject } from '../results.js';

/** What a request is made of. Fields stand in a fixed order, so that the same call is the same bytes. */
export interface RequestFields {
  /** Below the base URL. */
  readonly path: string;
  /** Without these the call would ask something else; a refusal of them is told, never worked around. */
  readonly required: JsonObject;
  /** Null: not asked for. */
  readonly optional: Readonly<Record<string, JsonValue>>;
  /** What the form has no place for: told where it was asked for. */
  readonly unsaid?: Readonly<Record<string, JsonValue>>;
}

/** The body in the plain form, as OpenAI documents it; vendors' differences are applied to it as data. */
export function toOpenAiRequest(
  call: OperationCall,
  { path, required, optional, unsaid = {} }: RequestFields,
  { target, refusedParameters }: { readonly target: ProviderTarget } & Pick<ChatRequestOptions, 'refusedParameters'>,
): ChatRequest {
  const quirks = quirksOf(target);
  const known = quirks.operationFields?.[call.operation] ?? {};
  const warnings = Object.entries(unsaid).flatMap(([field, value]) => (value === null ? [] : leftOut(field)));
  const fields: Record<string, JsonValue> = {};
  for (const [field, value] of Object.entries(optional)) {
    if (value === null) continue;
    const name = known[field] === undefined ? field : known[field];
    if (name === null) warnings.push(leftOut(field));
    else fields[name] = value;
  }
  const named = Object.fromEntries(Object.entries(required).map(([field, value]) => [known[field] ?? field, value]));
  const kept = withoutRefused(fields, { refused: refusedParameters, warnings });
  const constants = quirks.operationConstants?.[call.operation];
  const body = { model: target.upstreamModel, ...named, ...constants, ...kept, ...extraFields(call, target) };
  return { ...placeOf(path, { call, target, quirks }), headers: keyHeaders(target, quirks), body, warnings };
}

function placeOf(
  path: string,
  { call, target, quirks }: { call: OperationCall; target: ProviderTarget; quirks: Quirks },
): Pick<ChatRequest, 'path' | 'basePath'> {
  const { chat = '', paths = {} } = quirks.besideChat ?? {};
  const own = paths[call.operation];
  if (own === undefined) return { path: pathOf(path, target, quirks) };
  const base = new URL(target.baseUrl).pathname.replace(/\/+$/, '');
  return { path: own, basePath: base.endsWith(chat) ? base.slice(0, -chat.length) : base };
}

/** Reads a good body; an error inside it is a failure. */
export function readOpenAiBody(value: JsonValue, read: (body: JsonObject) => readonly AnswerDelta[]): readonly AnswerDelta[] {
  const body = bodyObject(value);
  const failure = fromOpenAiError(body);
  return failure === null ? read(body) : [{ type: 'failure', failure }];
}
