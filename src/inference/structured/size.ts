import { isJsonObject } from '../../core/json.js';
import type { JsonValue } from '../../core/json.js';

/** Compiling takes about a fifth of a millisecond a rule; past this it would hold up everybody. */
export const MOST_RULES = 500;
const MOST_CHARACTERS = 256 * 1024;
/** Of every kind: the dialects' own schemas compare the members of some lists each with each. */
export const MOST_VALUES = 5_000;
/** Of names in the code that is made: the way to each rule stands in it, and beside each name that depends on another all that do. */
const MOST_NAMED = 1024 * 1024;

/** Each name in these has code of its own; in other lists of names a loop goes over them. */
const NAME_BY_NAME: ReadonlySet<string> = new Set(['dependentRequired', 'dependencies']);

interface Found {
  readonly value: JsonValue | undefined;
  /** Characters of the names that lead to it. */
  readonly way: number;
}

interface Counted {
  /** Objects and booleans, which are schemas too, and names that others depend on. */
  rules: number;
  values: number;
  characters: number;
  named: number;
}

/** Whether a schema can be compiled in no time. */
export function isSmall(schema: JsonValue): boolean {
  const counted: Counted = { rules: 0, values: 0, characters: 0, named: 0 };
  const rest: Found[] = [{ value: schema, way: 0 }];
  for (let found = rest.pop(); found !== undefined; found = rest.pop()) {
    const { value, way } = found;
    count(counted, found);
    if (typeof value === 'object' && value !== null)
      for (const [name, below] of Object.entries(value)) {
        counted.characters += name.length;
        if (NAME_BY_NAME.has(name)) countDependents(counted, below);
        rest.push({ value: below, way: way + name.length });
      }
    if (!isWithin(counted, rest.length)) return false;
  }
  return true;
}

function count(counted: Counted, { value, way }: Found): void {
  counted.values += 1;
  if (typeof value === 'string') counted.characters += value.length;
  if (typeof value !== 'boolean' && !isJsonObject(value)) return;
  counted.rules += 1;
  counted.named += way;
}

function countDependents(counted: Counted, lists: JsonValue | undefined): void {
  if (!isJsonObject(lists)) return;
  for (const [name, list] of Object.entries(lists)) {
    if (!Array.isArray(list)) continue;
    const names: readonly JsonValue[] = list;
    counted.rules += names.length;
    counted.named += names.length * names.reduce<number>((sum, one) => sum + lengthOf(one), name.length);
  }
}

function lengthOf(name: JsonValue): number {
  return typeof name === 'string' ? name.length : 0;
}

function isWithin({ rules, values, characters, named }: Counted, unseen: number): boolean {
  return rules <= MOST_RULES && values + unseen <= MOST_VALUES && characters <= MOST_CHARACTERS && named <= MOST_NAMED;
}
