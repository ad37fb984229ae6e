import { readFileSync } from 'node:fs';
import type { JsonValue } from '../../../src/core/json.js';

/** A body as the vendor sends it. */
export function recorded(name: string): JsonValue {
  return JSON.parse(readFileSync(new URL(`../../fixtures/gemini/operations/${name}.json`, import.meta.url), 'utf8')) as JsonValue;
}

/** The vendor's types with words where they have enums, as they stand in JSON. */
export type Plain<T> = T extends string
  ? `${T}`
  : T extends readonly (infer U)[]
    ? Plain<U>[]
    : T extends object
      ? { [K in keyof T]: Plain<T[K]> }
      : T;
