import type { JsonObject, JsonValue } from '../core/json.js';
import { numberOf } from './json-read.js';

/** No call has more; an upstream that says so must not break the books that are kept in integers. */
const MOST_TOKENS = 2 ** 31 - 1;

export function tokensOf(value: JsonValue | undefined): number | null {
  const number = numberOf(value);
  return number === null ? null : Math.max(-MOST_TOKENS, Math.min(Math.trunc(number), MOST_TOKENS));
}

const LONGEST_RAW_USAGE = 16_384;

/** A usage object as it is kept beside the call: of bounded size and without NUL, which no database text can hold. */
export function storable(raw: JsonObject): JsonObject | null {
  const text = JSON.stringify(raw);
  return text.length > LONGEST_RAW_USAGE || text.includes('\\u0000') ? null : raw;
}
