import type { AnswerDelta } from '../core/answer.js';
import { isJsonObject } from '../core/json.js';
import type { JsonObject, JsonValue } from '../core/json.js';
import type { EmbeddingCall, OperationResult } from '../core/operations.js';
import { NO_TOKENS } from '../core/usage.js';
import type { TokenUsage, UsageUnits } from '../core/usage.js';
import { UnreadableBody } from './contract.js';
import { isJsonList } from './json-read.js';

/** What a whole answer of an operation comes to. */
export function resultDeltas(result: OperationResult, usage: TokenUsage | null): readonly AnswerDelta[] {
  return [{ type: 'result', result }, ...(usage === null ? [] : [{ type: 'usage', usage } as const]), { type: 'end' }];
}

/** What was used by the piece, beside the tokens that were told, if any were. */
export function withUnits(usage: TokenUsage | null, units: UsageUnits): TokenUsage {
  return { ...(usage ?? { ...NO_TOKENS, source: 'REPORTED', raw: null, inconsistent: false }), units };
}

/** A body that must be a JSON object. @throws UnreadableBody */
export function bodyObject(body: JsonValue): JsonObject {
  if (isJsonObject(body)) return body;
  throw new UnreadableBody('The body is not a JSON object.');
}

/** A list that the body must have. @throws UnreadableBody */
export function bodyList(body: JsonObject, name: string): readonly JsonValue[] {
  const list = body[name];
  if (isJsonList(list)) return list;
  throw new UnreadableBody(`The body has no ${name}.`);
}

/** One for each text. @throws UnreadableBody where it is not so. */
export function vectorDeltas({ texts }: EmbeddingCall, vectors: readonly (readonly number[])[], usage: TokenUsage | null) {
  if (vectors.length !== texts.length) throw new UnreadableBody(`The body has ${vectors.length} embeddings for ${texts.length} texts.`);
  return resultDeltas({ operation: 'EMBEDDING', vectors }, usage);
}

/** Numbers as a list, or as base64 of little-endian 32-bit floats. @throws UnreadableBody */
export function vectorOf(value: JsonValue | undefined): readonly number[] {
  const vector = typeof value === 'string' ? floatsOf(Buffer.from(value, 'base64')) : value;
  if (isJsonList(vector) && vector.length > 0 && vector.every(isFinite)) return vector;
  throw new UnreadableBody('An embedding is no list of numbers.');
}

function isFinite(value: JsonValue): value is number {
  return Number.isFinite(value);
}

const BYTES_PER_FLOAT = 4;

function floatsOf(bytes: Buffer): number[] {
  return Array.from({ length: Math.floor(bytes.byteLength / BYTES_PER_FLOAT) }, (_, index) => bytes.readFloatLE(index * BYTES_PER_FLOAT));
}
