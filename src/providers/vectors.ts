import type { AnswerDelta } from '../core/answer.js';
import type { JsonValue } from '../core/json.js';
import type { EmbeddingCall } from '../core/operations.js';
import type { TokenUsage } from '../core/usage.js';
import { UnreadableBody } from './contract.js';
import { isJsonList } from './json-read.js';

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

/** What a whole answer comes to. @throws UnreadableBody where there is not one vector for each text. */
export function toEmbeddingDeltas(
  { texts }: EmbeddingCall,
  { vectors, usage }: { readonly vectors: readonly (readonly number[])[]; readonly usage: TokenUsage | null },
): readonly AnswerDelta[] {
  if (vectors.length !== texts.length) throw new UnreadableBody(`The body has ${vectors.length} embeddings for ${texts.length} texts.`);
  return [
    { type: 'result', result: { operation: 'EMBEDDING', vectors } },
    ...(usage === null ? [] : [{ type: 'usage', usage } as const]),
    { type: 'end' },
  ];
}
