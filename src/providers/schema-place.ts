import { isJsonObject } from '../core/json.js';
import type { JsonObject, JsonValue } from '../core/json.js';
import { isJsonList, listOf, objectOf, textOf } from './json-read.js';

/** Which part of JSON Schema a vendor takes. */
export interface SchemaDialect {
  readonly keywords: ReadonlySet<string>;
  readonly formats: ReadonlySet<string>;
  /** OpenAPI's words: `nullable` instead of a list of types, `example` instead of `examples`, enums of strings only. */
  readonly openApi: boolean;
  /** Objects must say `additionalProperties: false`. */
  readonly closedObjects: boolean;
}

/** A point of a schema that is being reduced. */
export interface Place {
  readonly root: JsonObject;
  readonly dialect: SchemaDialect;
  readonly path: string;
  /** The references that led here. */
  readonly references: readonly string[];
  readonly lost: Set<string>;
  readonly nodes: { left: number };
}

export type Fields = Record<string, JsonValue | undefined>;

export function lose(place: Pick<Place, 'path' | 'lost'>, word: string): void {
  const told = cut(word);
  place.lost.add(place.path === '' ? told : `${told} at ${place.path}`);
}

export function below<P extends Pick<Place, 'path'>>(place: P, step: string): P {
  return { ...place, path: cut(place.path === '' ? step : `${place.path}.${step}`) };
}

/** Names are the caller's: a long one above many places would be told at each of them. */
function cut(text: string): string {
  return text.length > LONGEST_TOLD ? `${text.slice(0, LONGEST_TOLD - 1)}…` : text;
}

const LONGEST_TOLD = 300;

/** No fields, and why. */
export function without(place: Place, word: string): Fields {
  lose(place, word);
  return {};
}

/** A JSON pointer within the same schema (RFC 6901); null where it leads nowhere. */
export function resolve(reference: string, root: JsonObject): JsonObject | null {
  if (!reference.startsWith('#')) return null;
  const steps = decoded(reference.slice(1)).split('/').slice(1);
  let at: JsonValue | undefined = root;
  for (const step of steps) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    at = isJsonObject(at) ? at[name] : listOf(at)[Number(name)];
  }
  return isJsonObject(at) ? at : null;
}

/** A pointer that is none leads nowhere. */
function decoded(pointer: string): string {
  try {
    return decodeURIComponent(pointer);
  } catch {
    return pointer;
  }
}

/** All that must hold together, as one schema; bounds that meet twice can't be, and are told. */
export function mergeAll(schema: JsonObject, place: Place): JsonObject {
  const { allOf, ...own } = schema;
  if (!isJsonList(allOf)) return own;
  return allOf.reduce<JsonObject>((merged, part) => {
    const reference = textOf(objectOf(part)['$ref']);
    const target = reference === null ? objectOf(part) : resolve(reference, place.root);
    if (target === null || (reference !== null && place.references.includes(reference))) lose(place, 'allOf');
    return mergeTwo(
      merged,
      mergeAll(target ?? {}, { ...place, references: [...place.references, ...(reference === null ? [] : [reference])] }),
      place,
    );
  }, own);
}

function mergeTwo(one: JsonObject, other: JsonObject, place: Place): JsonObject {
  const merged: Fields = { ...one };
  for (const [keyword, value] of Object.entries(other)) {
    const known = merged[keyword];
    if (keyword === 'properties') merged[keyword] = mergeProperties(objectOf(known), objectOf(value), place);
    else if (keyword === 'required') merged[keyword] = [...new Set([...listOf(known), ...listOf(value)])];
    else if (known === undefined) merged[keyword] = value;
    else if (JSON.stringify(known) !== JSON.stringify(value)) lose(place, `allOf’s second ${keyword}`);
  }
  return merged;
}

function mergeProperties(one: JsonObject, other: JsonObject, place: Place): JsonObject {
  for (const [name, property] of Object.entries(one))
    if (other[name] !== undefined && JSON.stringify(other[name]) !== JSON.stringify(property)) lose(place, `allOf’s first ${name}`);
  return { ...one, ...other };
}
