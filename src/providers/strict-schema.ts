import { isJsonObject } from '../core/json.js';
import type { JsonObject, JsonValue } from '../core/json.js';
import { listOf, objectOf, textOf } from './json-read.js';
import { areDisjoint, typesOf } from './schema-disjoint.js';
import { below, lose, resolve } from './schema-place.js';
import type { Fields } from './schema-place.js';
import { beyondLimits, canEnd } from './strict-subset.js';
import type { StrictSubset } from './strict-subset.js';

export type StrictSchema =
  | {
      readonly schema: JsonObject;
      /** What the vendor can't be told, as `<keyword> at <path>`: an answer may break it. */
      readonly lost: readonly string[];
      /** Where fewer answers fit than the schema lets in, in words: each of them fits it. */
      readonly narrowed: readonly string[];
    }
  /** There is no such form: `because` says why, in words. */
  | { readonly schema: null; readonly because: string };

/**
 * A JSON schema in the strict form of OpenAI's, where each object has all its properties and no other:
 * 1. What the form can't leave open is closed: optional properties are always there, others never. Told; what fits still fits the caller's.
 * 2. A bound that it has no word for is left out, and told: the answer must be checked.
 * 3. What has no such form at all (an object of any names, `allOf`, choices that overlap, a root that is none) is not said strictly.
 * References stay, below `$defs`.
 */
export function toStrictSchema(schema: JsonValue, subset: StrictSubset): StrictSchema {
  const root = objectOf(schema);
  const place: Place = { root, subset, path: '', depth: 0, parts: { left: MOST_PARTS }, lost: new Set(), narrowed: new Set() };
  try {
    const { $defs, definitions, ...own } = root;
    const whole = strict(own, place);
    if (whole['type'] !== 'object') return { schema: null, because: 'a root that is not one object' };
    const named = Object.entries({ ...objectOf(definitions), ...objectOf($defs) });
    if (named.length > MOST_DEFINITIONS) return { schema: null, because: `more than ${String(MOST_DEFINITIONS)} definitions` };
    const said =
      named.length === 0
        ? whole
        : { ...whole, $defs: Object.fromEntries(named.map(([name, each]) => [name, strict(each, below(place, name))])) };
    const because = beyondLimits(said, subset) ?? (canEnd(said) ? null : 'an object that needs itself, once all its properties are there');
    return because === null ? { schema: said, lost: [...place.lost], narrowed: [...place.narrowed] } : { schema: null, because };
  } catch (error) {
    if (error instanceof CannotSay) return { schema: null, because: error.message };
    throw error;
  }
}

/** Ours: whether values can end is looked at once for each that was found to. */
const MOST_DEFINITIONS = 200;
/** Ours: the vendor counts objects only, to ten. */
const DEEPEST = 60;
const MOST_PARTS = 10_000;

interface Place {
  readonly root: JsonObject;
  readonly subset: StrictSubset;
  readonly path: string;
  readonly depth: number;
  readonly parts: { left: number };
  readonly lost: Set<string>;
  readonly narrowed: Set<string>;
}

function within(place: Place, step: string): Place {
  return { ...below(place, step), depth: place.depth + 1 };
}

class CannotSay extends Error {
  override readonly name = 'CannotSay';
}

function cannot(what: string, { path }: Place): never {
  throw new CannotSay(path === '' ? what : `${what} at ${path}`);
}

/** Without a meaning for what fits. */
const NOTES: ReadonlySet<string> = new Set(['title', 'description']);
const UNSAID: ReadonlySet<string> = new Set([
  '$schema',
  '$comment',
  'examples',
  'example',
  'default',
  'deprecated',
  'readOnly',
  'writeOnly',
]);
/** What would fit less where parts of it fit less, or bind a place in ways that the form has not. */
const BEYOND: readonly string[] = ['allOf', '$id', '$anchor', '$dynamicRef', '$dynamicAnchor', '$defs', 'definitions', 'prefixItems'];
/** Said by the form itself. */
const SAID: ReadonlySet<string> = new Set(['type', 'enum', 'const', 'properties', 'required', 'additionalProperties', 'items']);
/** Patterns that look around or back. */
const LOOKS = /\(\?(?:[=!]|<[=!])|\\[1-9]|\\k</;

function strict(value: JsonValue | undefined, place: Place): JsonObject {
  if (!isJsonObject(value)) return cannot('a value of any kind', place);
  place.parts.left -= 1;
  if (place.parts.left < 0) return cannot(`more than ${String(MOST_PARTS)} parts`, { ...place, path: '' });
  if (place.depth > DEEPEST) return cannot(`more than ${String(DEEPEST)} levels`, { ...place, path: '' });
  const given = unwrapped(value);
  const schema = place.path === '' ? withoutId(given) : given;
  const beyond = BEYOND.find((word) => schema[word] !== undefined);
  if (beyond !== undefined) return cannot(beyond, place);
  const choice = ['$ref', 'anyOf', 'oneOf'].find((word) => schema[word] !== undefined);
  if (choice !== undefined) return alone(schema, choice, place);
  const types = typesIn(schema) ?? cannot('a value of any kind', place);
  return {
    ...bounds(schema, place),
    type: types.length === 1 ? (types[0] ?? null) : [...types],
    ...(types.includes('object') ? objectFields(schema, place) : {}),
    ...(types.includes('array') ? { items: strict(schema['items'], within(place, 'items')) } : {}),
  };
}

/** The way in which generators put words beside a reference. */
function unwrapped(schema: JsonObject): JsonObject {
  const [only, ...others] = listOf(schema['allOf']);
  if (!isJsonObject(only) || others.length > 0 || Object.keys(only).join() !== '$ref') return schema;
  return { ...schema, allOf: undefined, ...only };
}

function withoutId({ $id: _, ...schema }: JsonObject): JsonObject {
  return schema;
}

/** A reference or a choice, which nothing but notes may stand beside. */
function alone(schema: JsonObject, word: string, place: Place): JsonObject {
  const { [word]: told, ...beside } = schema;
  const other = Object.entries(beside).find(([name, each]) => each !== undefined && !NOTES.has(name) && !UNSAID.has(name));
  if (other !== undefined) return cannot(`${other[0]} beside ${word}`, place);
  if (word === '$ref') return { $ref: referenceOf(textOf(told) ?? '', place) };
  const choices = listOf(told);
  if (word === 'oneOf' && !areDisjoint(choices, beside, place.root)) return cannot('oneOf with choices that may overlap', place);
  if (choices.length === 0) return cannot(word, place);
  return { ...notes(schema), anyOf: choices.map((each, position) => strict(each, within(place, `${word}[${String(position)}]`))) };
}

function referenceOf(reference: string, place: Place): string {
  if (reference === '#') return reference;
  const [, name] = /^#\/(?:\$defs|definitions)\/([^/%~]+)$/.exec(reference) ?? [];
  if (name === undefined || resolve(reference, place.root) === null) return cannot('a reference to what is no definition', place);
  return `#/$defs/${name}`;
}

function notes({ title, description }: JsonObject): Fields {
  return { ...(title === undefined ? {} : { title }), ...(description === undefined ? {} : { description }) };
}

function typesIn(schema: JsonObject): readonly string[] | null {
  const types = typesOf(schema);
  if (types !== null) return types.length === 0 ? null : types;
  if (schema['properties'] !== undefined) return ['object'];
  return schema['items'] === undefined ? null : ['array'];
}

/** All but what makes an object or a list. */
function bounds(schema: JsonObject, place: Place): Fields {
  const fields: Fields = notes(schema);
  for (const [word, value] of Object.entries(schema)) {
    if (value === undefined || NOTES.has(word) || UNSAID.has(word)) continue;
    if (word === 'enum' || word === 'const') fields[word] = value;
    else if (SAID.has(word)) continue;
    else if (isTaken(word, value, place.subset)) fields[word] = value;
    else lose(place, word);
  }
  return fields;
}

function isTaken(word: string, value: JsonValue, { keywords, formats }: StrictSubset): boolean {
  if (!keywords.has(word)) return false;
  if (word === 'format') return formats.has(textOf(value) ?? '');
  return word === 'pattern' ? !LOOKS.test(textOf(value) ?? '') : typeof value === 'number';
}

function objectFields(schema: JsonObject, place: Place): Fields {
  const properties = Object.entries(objectOf(schema['properties']));
  const required = new Set(listOf(schema['required']));
  const open = schema['additionalProperties'];
  if (properties.length === 0 && open !== false) return cannot('an object of any names', place);
  const known = new Set<JsonValue>(properties.map(([name]) => name));
  if ([...required].some((name) => !known.has(name))) return cannot('an object of any names', place);
  if (open === true || isJsonObject(open)) tell(place, `no other properties${place.path === '' ? '' : ` at ${place.path}`}`);
  const said = properties.map(([name, property]) => {
    const inner = within(place, name);
    if (!required.has(name)) tell(place, `always ${inner.path}`);
    return [name, strict(property, inner)] as const;
  });
  return { properties: Object.fromEntries(said), required: said.map(([name]) => name), additionalProperties: false };
}

function tell({ narrowed }: Place, words: string): void {
  narrowed.add(words);
}
