import { canonicalJson, isJsonObject } from '../core/json.js';
import type { JsonObject, JsonValue } from '../core/json.js';
import { isJsonList, listOf, objectOf, textOf } from './json-read.js';
import { resolve } from './schema-place.js';

/** Each pair is looked at; beyond this many choices, and this many values or names of one, nothing is proven. */
const MOST_CHOICES = 64;
const MOST_VALUES = 256;
const DEEPEST = 3;

/**
 * Whether no value can fit two of the choices, so that `anyOf` says the same as `oneOf`. Proven by their types, by the values that
 * they list, or by a property that both require (as discriminated unions have it); what is not proven is taken for not so.
 * `beside` is what holds for every choice.
 */
export function areDisjoint(choices: readonly JsonValue[], beside: JsonObject, root: JsonObject): boolean {
  if (choices.length > MOST_CHOICES) return false;
  const whole = choices
    .map((choice) => follow(choice, root))
    .map((choice) => (choice['type'] === undefined ? withType(choice, beside) : choice));
  return whole.every((one, at) => whole.slice(at + 1).every((other) => disjoint(one, other, { root, depth: 0 })));
}

function withType(choice: JsonObject, { type }: JsonObject): JsonObject {
  return type === undefined ? choice : { ...choice, type };
}

function disjoint(one: JsonObject, other: JsonObject, at: { readonly root: JsonObject; readonly depth: number }): boolean {
  const [types, otherTypes] = [typesOf(one), typesOf(other)];
  if (types !== null && otherTypes !== null && !types.some((type) => otherTypes.some((each) => overlap(type, each)))) return true;
  const [values, otherValues] = [valuesOf(one), valuesOf(other)];
  if (values !== null && otherValues !== null) {
    if (values.length > MOST_VALUES || otherValues.length > MOST_VALUES) return false;
    const known = new Set(otherValues.map(canonicalJson));
    return !values.some((value) => known.has(canonicalJson(value)));
  }
  // Names are required of objects only.
  return at.depth < DEEPEST && (isOnlyObject(types) || isOnlyObject(otherTypes)) && disjointInProperty(one, other, at);
}

function disjointInProperty(
  one: JsonObject,
  other: JsonObject,
  { root, depth }: { readonly root: JsonObject; readonly depth: number },
): boolean {
  const [properties, otherProperties] = [objectOf(one['properties']), objectOf(other['properties'])];
  const [names, otherNames] = [listOf(one['required']), listOf(other['required'])];
  if (names.length > MOST_VALUES || otherNames.length > MOST_VALUES) return false;
  const required = new Set(otherNames);
  return names.some((name) => {
    if (typeof name !== 'string' || !required.has(name)) return false;
    return disjoint(follow(properties[name], root), follow(otherProperties[name], root), { root, depth: depth + 1 });
  });
}

function isOnlyObject(types: readonly string[] | null): boolean {
  return types?.length === 1 && types[0] === 'object';
}

/** Keywords beside a reference narrow what it names, so that either is a bound. */
function follow(schema: JsonValue | undefined, root: JsonObject): JsonObject {
  let at = objectOf(schema);
  for (let step = 0; step < DEEPEST; step += 1) {
    const reference = textOf(at['$ref']);
    if (reference === null || !isPointer(reference)) return at;
    at = resolve(reference, root) ?? {};
  }
  return at;
}

/** Another reference than a pointer within the same document can't be followed. */
export function isPointer(reference: string): boolean {
  return reference === '#' || reference.startsWith('#/');
}

/** The values that a schema lists; null where it lists none. */
export function valuesOf(schema: JsonObject): readonly JsonValue[] | null {
  const listed = isJsonList(schema['enum']) ? schema['enum'] : null;
  const only = schema['const'];
  if (only === undefined) return listed;
  return listed === null || listed.some((value) => canonicalJson(value) === canonicalJson(only)) ? [only] : [];
}

/** The types that a schema admits; null for any. */
export function typesOf(schema: JsonObject): readonly string[] | null {
  const type = schema['type'];
  if (typeof type === 'string') return [type];
  if (isJsonList(type)) return type.filter((each) => typeof each === 'string');
  const values = valuesOf(schema);
  return values === null ? null : [...new Set(values.map(typeOfValue))];
}

export function typeOfValue(value: JsonValue): string {
  if (value === null) return 'null';
  if (isJsonList(value)) return 'array';
  if (isJsonObject(value)) return 'object';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** An integer is a number too. */
export function overlap(type: string, other: string): boolean {
  return type === other || (isNumeric(type) && isNumeric(other));
}

function isNumeric(type: string): boolean {
  return type === 'number' || type === 'integer';
}
