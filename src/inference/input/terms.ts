import type { InputProblem } from '../../core/errors.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject } from '../../core/json.js';
import { parseUsd } from '../../core/money.js';
import type { PicoUsd } from '../../core/money.js';
import type { CallTerms } from '../../core/operations.js';
import type { Tag } from '../../core/principal.js';
import { readJsonObject } from './json.js';
import { isGiven, readNumber, readPlaces, readText, report, requireText } from './place.js';
import type { Place } from './place.js';
import { parseRouting } from './routing.js';
import { quoted } from './text.js';

/** Bounds of the single fields; times in milliseconds, lengths in characters. */
export const LIMITS = { name: 255, tags: 20, tagKey: 128, stops: 16, timeoutMs: 600_000 } as const;

export const STORED_NAME = { max: LIMITS.name, filled: true, stored: true } as const;
export const WHOLE_FROM_ONE = { min: 1, whole: true } as const;
export const TIMEOUT = { min: 1, max: LIMITS.timeoutMs, whole: true } as const;
const TAG_KEY = { max: LIMITS.tagKey, filled: true, stored: true } as const;

/** Types end where callers begin: the shape is looked at again. */
export function rootPlace(raw: unknown, problems: InputProblem[]): Place {
  if (isJsonObject(raw)) return { fields: raw, path: '', problems };
  const place = { fields: {}, path: '', problems };
  report(place, 'input', 'must be an object');
  return place;
}

/** What inputs of every operation but completions have in common. */
export function parseTerms(input: Place): CallTerms {
  return {
    model: requireText(input, 'model', STORED_NAME),
    task: null,
    routing: parseRouting(input),
    maxCost: readUsd(input, 'maxCost'),
    timeoutMs: readNumber(input, 'timeoutMs', TIMEOUT),
    onDisconnect: null,
    user: readText(input, 'user', STORED_NAME),
    sessionId: readText(input, 'sessionId', STORED_NAME),
    tags: parseTags(input),
    providerOptions: parseProviderOptions(input),
  };
}

/** An amount from 0 on. */
export function readUsd(input: Place, name: string): PicoUsd | null {
  const text = readText(input, name);
  if (text === null) return null;
  const amount = parseUsd(text);
  if (amount !== null && amount >= 0n) return amount;
  return report(input, name, 'must be an amount in USD from 0 on, with at most 12 decimals');
}

export function parseTags(input: Place): readonly Tag[] {
  const keys = new Set<string>();
  return readPlaces(input, 'tags', LIMITS.tags).map((place) => {
    const key = requireText(place, 'key', TAG_KEY);
    if (keys.has(key)) report(place, 'key', `is the key of another tag: ${quoted(key)}`);
    if (key !== '') keys.add(key);
    return { key, value: requireText(place, 'value', { max: LIMITS.name, stored: true }) };
  });
}

/** By provider slug or wire format, an object each: its fields go into the upstream's body as they are. */
export function parseProviderOptions(input: Place): JsonObject | null {
  if (!isGiven(input, 'providerOptions')) return null;
  const options = readJsonObject(input, 'providerOptions');
  for (const [name, value] of Object.entries(options ?? {})) {
    if (!isJsonObject(value)) report(input, 'providerOptions', `${quoted(name)} must be an object of body fields`);
  }
  return options;
}
