import { isJsonObject } from '../core/json.js';
import type { JsonObject, JsonValue } from '../core/json.js';

/** Readers for vendors' replies: what is not of the expected shape is absent, never an error. */

const NOTHING: JsonObject = {};

export function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : NOTHING;
}

export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return isJsonList(value) ? value : [];
}

export function isJsonList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** A string that is not empty. */
export function textOf(value: JsonValue | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

export function numberOf(value: JsonValue | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** A word of a vendor's own that is kept with the call: short, and without what a database can't hold. */
export function wordOf(value: JsonValue | undefined): string | null {
  const word = textOf(value)
    ?.replace(/\p{Cc}/gu, '')
    .slice(0, LONGEST_WORD);
  return word === undefined || word === '' ? null : word;
}

const LONGEST_WORD = 100;

/** The value that a JSON text holds; undefined where it is none. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
