import { isJsonObject } from '../core/json.js';
import type { JsonObject, JsonValue } from '../core/json.js';
import { isJsonList, listOf, objectOf, textOf } from './json-read.js';

/** What OpenAI's strict form takes beside types, properties, required, items, anyOf, enum, const, $ref and $defs. */
export interface StrictSubset {
  readonly keywords: ReadonlySet<string>;
  readonly formats: ReadonlySet<string>;
  readonly limits: StrictLimits;
}

interface StrictLimits {
  /** Of all objects together. */
  readonly properties: number;
  /** Objects within objects. */
  readonly levels: number;
  /** Characters of all names of properties and definitions, and of all listed values. */
  readonly characters: number;
  readonly enumValues: number;
  /** Characters of one list of more than 250 texts. */
  readonly longEnum: number;
}

const LONG_ENUM = 250;

/** https://platform.openai.com/docs/guides/structured-outputs#supported-schemas */
const OPENAI: StrictSubset = {
  keywords: new Set([
    'pattern',
    'format',
    'multipleOf',
    'minimum',
    'maximum',
    'exclusiveMinimum',
    'exclusiveMaximum',
    'minItems',
    'maxItems',
  ]),
  formats: new Set(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid']),
  limits: { properties: 5000, levels: 10, characters: 120_000, enumValues: 1000, longEnum: 15_000 },
};

/** The same page: models that were tuned take no bounds. */
const TUNED: StrictSubset = { ...OPENAI, keywords: new Set(), formats: new Set() };

/** https://learn.microsoft.com/azure/ai-services/openai/how-to/structured-outputs#json-schema-support-and-limitations */
const AZURE: StrictSubset = { ...TUNED, limits: { properties: 100, levels: 5, characters: 15_000, enumValues: 500, longEnum: 7500 } };

export type StrictSubsetName = 'openai' | 'azure';

/** A tuned model's name begins with `ft:`. */
export function strictSubset(name: StrictSubsetName | undefined, upstreamModel: string): StrictSubset | null {
  if (name === undefined) return null;
  if (name === 'azure') return AZURE;
  return upstreamModel.startsWith('ft:') ? TUNED : OPENAI;
}

/** Which limit a schema of the subset is beyond; null for none. */
export function beyondLimits(schema: JsonObject, { limits }: StrictSubset): string | null {
  const size = { properties: 0, characters: 0, enumValues: 0, longEnum: 0 };
  measure(schema, size);
  if (size.properties > limits.properties) return `more than ${String(limits.properties)} properties`;
  if (size.characters > limits.characters) return `names and values of more than ${String(limits.characters)} characters`;
  if (size.enumValues > limits.enumValues) return `more than ${String(limits.enumValues)} values of enums`;
  if (size.longEnum > limits.longEnum) return `an enum of more than ${String(limits.longEnum)} characters`;
  const wholes = [schema, ...Object.values(objectOf(schema['$defs']))];
  return wholes.some((whole) => isDeeper(whole, limits.levels)) ? `more than ${String(limits.levels)} levels` : null;
}

interface Size {
  properties: number;
  characters: number;
  enumValues: number;
  longEnum: number;
}

function measure(schema: JsonValue | undefined, size: Size): void {
  if (!isJsonObject(schema)) return;
  const { properties, $defs } = schema;
  const names = [...Object.keys(objectOf(properties)), ...Object.keys(objectOf($defs))];
  size.properties += Object.keys(objectOf(properties)).length;
  size.characters += names.reduce((sum, name) => sum + name.length, 0) + (schema['const'] === undefined ? 0 : lengthOf(schema['const']));
  const values = listOf(schema['enum']);
  const length = values.reduce<number>((sum, value) => sum + lengthOf(value), 0);
  size.characters += length;
  size.enumValues += values.length;
  if (values.length > LONG_ENUM) size.longEnum = Math.max(size.longEnum, length);
  for (const inner of childrenOf(schema)) measure(inner, size);
  for (const definition of Object.values(objectOf($defs))) measure(definition, size);
}

function lengthOf(value: JsonValue): number {
  return typeof value === 'string' ? value.length : JSON.stringify(value).length;
}

function childrenOf(schema: JsonObject): readonly (JsonValue | undefined)[] {
  const { properties, items, anyOf } = schema;
  return [...Object.values(objectOf(properties)), ...(items === undefined ? [] : [items]), ...listOf(anyOf)];
}

/** As it is written: a reference is no level of its own. */
function isDeeper(schema: JsonValue | undefined, levels: number): boolean {
  if (!isJsonObject(schema)) return false;
  const left = schema['properties'] === undefined ? levels : levels - 1;
  return left < 0 || childrenOf(schema).some((inner) => isDeeper(inner, left));
}

/**
 * Whether a value can come to an end: where every object must have all its properties, one that needs itself never does. Found as the
 * least set of definitions that end, each by those found before.
 */
export function canEnd(schema: JsonObject): boolean {
  const definitions = Object.entries(objectOf(schema['$defs']));
  const ending = new Set<string>();
  for (let before = -1; before < ending.size;) {
    before = ending.size;
    if (ends(schema, ending)) ending.add('#');
    for (const [name, definition] of definitions) if (ends(definition, ending)) ending.add(`#/$defs/${name}`);
  }
  return ending.has('#');
}

function ends(schema: JsonValue | undefined, ending: ReadonlySet<string>): boolean {
  if (!isJsonObject(schema)) return false;
  const reference = textOf(schema['$ref']);
  if (reference !== null) return ending.has(reference);
  if (isJsonList(schema['anyOf'])) return schema['anyOf'].some((choice) => ends(choice, ending));
  const types = isJsonList(schema['type']) ? schema['type'] : [schema['type']];
  if (types.some((type) => type !== 'object' && type !== 'array')) return true;
  if (types.includes('array') && !(Number(schema['minItems'] ?? 0) > 0 && !ends(schema['items'], ending))) return true;
  return types.includes('object') && Object.values(objectOf(schema['properties'])).every((inner) => ends(inner, ending));
}
