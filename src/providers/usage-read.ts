import type { JsonObject, JsonValue } from '../core/json.js';
import { disjointUsage } from '../core/usage.js';
import type { TokenUsage } from '../core/usage.js';
import { numberOf } from './json-read.js';

/** No call has more; an upstream that says so must not break the books that are kept in integers. */
const MOST_TOKENS = 2 ** 31 - 1;

export function tokensOf(value: JsonValue | undefined): number | null {
  const number = numberOf(value);
  return number === null ? null : Math.max(-MOST_TOKENS, Math.min(Math.trunc(number), MOST_TOKENS));
}

type Parts = Parameters<typeof disjointUsage>[0];

/** Usage whose input leaves out what is told beside it: what the cache gave and took. Null where nothing was reported. */
export function usageBesideCache(
  raw: JsonObject,
  told: Pick<Parts, 'promptParts' | 'answerParts'> & Readonly<Record<'input' | 'output', JsonValue | undefined>>,
): TokenUsage | null {
  const { promptParts, answerParts } = told;
  const answerTotal = tokensOf(told.output) ?? 0;
  const promptTotal = [tokensOf(told.input) ?? 0, ...Object.values(promptParts)].reduce((sum, tokens) => sum + Math.max(0, tokens), 0);
  if (promptTotal === 0 && answerTotal === 0) return null;
  return disjointUsage({ promptTotal, promptParts, answerTotal, answerParts, raw: storable(raw) });
}

const LONGEST_RAW_USAGE = 16_384;

/** A usage object as it is kept beside the call: of bounded size and without NUL, which no database text can hold. */
export function storable(raw: JsonObject): JsonObject | null {
  const text = JSON.stringify(raw);
  return text.length > LONGEST_RAW_USAGE || text.includes('\\u0000') ? null : raw;
}
