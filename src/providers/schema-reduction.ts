import { isJsonObject } from '../core/json.js';
import type { JsonObject, JsonValue } from '../core/json.js';
import { Untranslatable } from './contract.js';
import { isJsonList, listOf, numberOf, objectOf, textOf } from './json-read.js';
import { areDisjoint } from './schema-disjoint.js';
import { below, lose, mergeAll, resolve, without } from './schema-place.js';
import type { Fields, Place, SchemaDialect } from './schema-place.js';

export interface ReducedSchema {
  readonly schema: JsonObject;
  /** What the vendor can't be told, as `<keyword>` or `<keyword> at <path>`, each once. */
  readonly lost: readonly string[];
}

/**
 * A JSON schema in a vendor's subset:
 * 1. References are replaced by what they name; a recursive one is unrolled a few times, then left open.
 * 2. What has an equal in the subset is said that way (`const`, null among types, exclusive bounds of integers, `allOf`).
 * 3. What has none is left out, and told.
 */
export function reduceSchema(schema: JsonValue, dialect: SchemaDialect): ReducedSchema {
  const lost = new Set<string>();
  const reduced = reduce(schema, { root: objectOf(schema), dialect, path: '', references: [], lost, nodes: { left: MOST_NODES } });
  return { schema: reduced, lost: [...lost] };
}

/** What is said to callers of it. */
export function reductionWarnings(what: string, lost: readonly string[]): readonly string[] {
  if (lost.length === 0) return [];
  return [`The schema of ${what} was reduced to what the provider takes, without: ${listed(lost)}.`];
}

/** The first of them, and how many more. */
export function listed(words: readonly string[]): string {
  const more = words.length > MOST_TOLD ? `, and ${words.length - MOST_TOLD} more` : '';
  return words.slice(0, MOST_TOLD).join(', ') + more;
}

const MOST_TOLD = 20;

const MOST_NODES = 20_000;
const UNROLLED = 3;

function reduce(value: JsonValue | undefined, place: Place): JsonObject {
  place.nodes.left -= 1;
  if (place.nodes.left < 0) throw new Untranslatable('A schema is too large once its references are written out.');
  if (!isJsonObject(value)) {
    if (value === false) lose(place, 'false');
    return {};
  }
  const reference = textOf(value['$ref']);
  if (reference !== null) return follow(value, reference, place);
  const schema = mergeAll(value, place);
  if (schema['$ref'] !== undefined) return reduce(schema, place);
  const fields: Fields = {};
  for (const [keyword, given] of Object.entries(schema)) Object.assign(fields, reduceKeyword(keyword, given, { schema, place }));
  return finish(fields, schema, place);
}

function follow(schema: JsonObject, reference: string, place: Place): JsonObject {
  const { $ref: _, ...siblings } = schema;
  const target = resolve(reference, place.root);
  if (target === null || place.references.filter((each) => each === reference).length >= UNROLLED) {
    lose(place, target === null ? '$ref' : 'recursion');
    return reduce({ type: 'object', ...siblings }, place);
  }
  return reduce({ ...target, ...siblings }, { ...place, references: [...place.references, reference] });
}

/** Resolved or without meaning for an answer. */
const SILENT: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
  '$anchor',
  'deprecated',
  'readOnly',
  'writeOnly',
]);

interface Given {
  readonly schema: JsonObject;
  readonly place: Place;
}

function reduceKeyword(keyword: string, value: JsonValue | undefined, { schema, place }: Given): Fields {
  const { keywords, openApi, closedObjects } = place.dialect;
  if (SILENT.has(keyword) || value === undefined) return {};
  switch (keyword) {
    case 'properties': {
      const entries = Object.entries(objectOf(value)).map(([name, property]) => [name, reduce(property, below(place, name))] as const);
      return entries.length === 0 ? {} : { properties: Object.fromEntries(entries) };
    }
    case 'items':
      return { items: isJsonList(value) ? tuple(value, place) : reduce(value, below(place, 'items')) };
    case 'prefixItems':
      return { items: tuple(listOf(value), place) };
    case 'anyOf':
    case 'oneOf':
      if (keyword === 'oneOf' && !areDisjoint(listOf(value), schema, place.root)) lose(place, keyword);
      return { anyOf: listOf(value).map((choice, position) => reduce(choice, below(place, `${keyword}[${String(position)}]`))) };
    case 'additionalProperties':
      if (closedObjects ? value !== false : value !== true) lose(place, keyword);
      return {};
    case 'format':
      return place.dialect.formats.has(textOf(value) ?? '') ? { format: value } : without(place, `format ${textOf(value) ?? ''}`);
    case 'type':
      return openApi ? openApiType(value) : { type: value };
    case 'const':
    case 'enum':
      return openApi ? openApiValues(keyword === 'const' ? [value] : listOf(value), place) : { [keyword]: value };
    case 'examples':
      return openApi && isJsonList(value) && value[0] !== undefined ? { example: value[0] } : {};
    case 'minimum':
    case 'exclusiveMinimum':
      return keywords.has('minimum') ? lowerBound({ schema, place }) : without(place, keyword);
    case 'maximum':
    case 'exclusiveMaximum':
      return keywords.has('maximum') ? upperBound({ schema, place }) : without(place, keyword);
    default:
      return keywords.has(keyword) ? { [keyword]: value } : without(place, keyword);
  }
}

function tuple(choices: readonly JsonValue[], place: Place): JsonObject {
  lose(place, 'the order of a tuple’s items');
  const reduced = choices.map((choice, position) => reduce(choice, below(place, `items[${String(position)}]`)));
  return reduced.length === 1 ? (reduced[0] ?? {}) : { anyOf: reduced };
}

/** One type as it is, null as a flag, several as alternatives. */
function openApiType(value: JsonValue): Fields {
  if (!isJsonList(value)) return value === 'null' ? { nullable: true } : { type: value };
  const types = value.filter((type) => type !== 'null');
  const nullable = types.length < value.length ? { nullable: true } : {};
  return types.length === 1 ? { type: types[0], ...nullable } : { anyOf: types.map((type) => ({ type })), ...nullable };
}

/** Enums hold strings only; one number is the bound on both sides. */
function openApiValues(values: readonly JsonValue[], place: Place): Fields {
  const nullable = values.includes(null) ? { nullable: true } : {};
  const rest = values.filter((value) => value !== null);
  if (rest.length === 0) return nullable;
  if (rest.every((value) => typeof value === 'string')) return { type: 'string', enum: rest, ...nullable };
  const [only] = rest;
  if (rest.length === 1 && typeof only === 'number')
    return { type: Number.isInteger(only) ? 'integer' : 'number', minimum: only, maximum: only, ...nullable };
  return { ...without(place, `enum ${JSON.stringify(rest).slice(0, 80)}`), ...nullable };
}

/** An exclusive bound is exact for integers; for other numbers the bound itself is let in, which is told. */
function lowerBound({ schema, place }: Given): Fields {
  const { exclusive, bound } = boundOf(schema, 'Minimum');
  if (exclusive === null) return bound === null ? {} : { minimum: bound };
  const moved = isInteger(schema) ? Math.floor(exclusive) + 1 : exclusive;
  if (moved === exclusive) lose(place, 'exclusiveMinimum');
  return { minimum: bound === null ? moved : Math.max(moved, bound) };
}

function upperBound({ schema, place }: Given): Fields {
  const { exclusive, bound } = boundOf(schema, 'Maximum');
  if (exclusive === null) return bound === null ? {} : { maximum: bound };
  const moved = isInteger(schema) ? Math.ceil(exclusive) - 1 : exclusive;
  if (moved === exclusive) lose(place, 'exclusiveMaximum');
  return { maximum: bound === null ? moved : Math.min(moved, bound) };
}

/** Before draft 6 `exclusiveMinimum: true` made a flag of it, beside `minimum`. */
function boundOf(schema: JsonObject, end: 'Minimum' | 'Maximum') {
  const bound = numberOf(schema[end.toLowerCase()]);
  return { bound, exclusive: schema[`exclusive${end}`] === true ? bound : numberOf(schema[`exclusive${end}`]) };
}

function isInteger(schema: JsonObject): boolean {
  return schema['type'] === 'integer' || listOf(schema['type']).includes('integer');
}

/** What the parts together ask for: null among alternatives, required names that exist, closed objects, items of lists. */
function finish(fields: Fields, schema: JsonObject, place: Place): JsonObject {
  const { openApi, closedObjects } = place.dialect;
  const properties = objectOf(fields['properties']);
  const required = listOf(fields['required']).filter((name) => typeof name === 'string' && name in properties);
  const { required: _, ...rest } = fields;
  const isObject = rest['type'] === 'object' || rest['properties'] !== undefined;
  const whole: Fields = { ...(isObject && rest['type'] === undefined ? { type: 'object' } : {}), ...rest };
  if (required.length > 0) whole['required'] = required;
  if (closedObjects && isObject) whole['additionalProperties'] = false;
  if (openApi && whole['type'] === 'array' && whole['items'] === undefined) whole['items'] = { type: 'string' };
  if (!openApi || !isJsonList(whole['anyOf'])) return whole;
  return withoutNullChoice(whole, whole['anyOf'], schema);
}

function withoutNullChoice(fields: Fields, choices: readonly JsonValue[], schema: JsonObject): JsonObject {
  const real = choices.filter((choice) => JSON.stringify(choice) !== '{"nullable":true}');
  const nullable = real.length < choices.length || fields['nullable'] === true ? { nullable: true } : {};
  const { anyOf: _, ...rest } = fields;
  // Beside alternatives the subset takes no type; each alternative says its own.
  const { type: __, ...untyped } = rest;
  const [only] = real;
  if (real.length === 1) return { ...rest, ...objectOf(only), ...describe(schema), ...nullable };
  return { ...(real.every((choice) => objectOf(choice)['type'] !== undefined) ? untyped : rest), anyOf: real, ...nullable };
}

function describe(schema: JsonObject): Fields {
  return schema['description'] === undefined ? {} : { description: schema['description'] };
}
