import { isJsonObject } from '../core/json.js';
import type { JsonObject, JsonValue } from '../core/json.js';
import { listOf, numberOf, objectOf, textOf } from './json-read.js';

const DEEPEST = 12;

/** The smallest plausible value that a simple JSON schema accepts; `text` fills strings that are free. */
export function sampleOf(schema: JsonValue | undefined, text: string): JsonValue {
  return sample(schema, { text, root: objectOf(schema), depth: 0 });
}

interface Place {
  readonly text: string;
  readonly root: JsonObject;
  readonly depth: number;
}

function sample(schema: JsonValue | undefined, place: Place): JsonValue {
  if (!isJsonObject(schema) || place.depth > DEEPEST) return place.text;
  const inner = { ...place, depth: place.depth + 1 };
  const given = schema['const'] ?? listOf(schema['enum'])[0] ?? schema['default'] ?? listOf(schema['examples'])[0];
  if (given !== undefined) return given;
  const reference = textOf(schema['$ref']);
  if (reference !== null) return sample(resolve(reference, place.root), inner);
  const [choice] = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])];
  if (choice !== undefined) return sample(choice, inner);
  const all = listOf(schema['allOf']).map(objectOf);
  if (all.length > 0) return sample(all.reduce(mergeSchemas, { ...schema, allOf: [] }), inner);
  return sampleOfType(typeOf(schema), schema, inner);
}

function sampleOfType(type: string, schema: JsonObject, place: Place): JsonValue {
  switch (type) {
    case 'object':
      return sampleObject(schema, place);
    case 'array': {
      const length = Math.max(numberOf(schema['minItems']) ?? 1, 0);
      return Array.from({ length: Math.min(length, 20) }, () => sample(schema['items'], place));
    }
    case 'integer':
    case 'number':
      return sampleNumber(schema, type);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return sampleString(schema, place.text);
  }
}

function typeOf(schema: JsonObject): string {
  const type = textOf(schema['type']) ?? textOf(listOf(schema['type'])[0]);
  if (type !== null) return type;
  if (isJsonObject(schema['properties'])) return 'object';
  return schema['items'] === undefined ? 'string' : 'array';
}

/** All declared properties: an answer that leaves the optional ones out shows a newcomer less. */
function sampleObject(schema: JsonObject, place: Place): JsonObject {
  const properties = Object.entries(objectOf(schema['properties']));
  const required = new Set(listOf(schema['required']));
  const kept = place.depth > DEEPEST / 2 ? properties.filter(([name]) => required.has(name)) : properties;
  return Object.fromEntries(kept.map(([name, property]) => [name, sample(property, place)]));
}

function sampleNumber(schema: JsonObject, type: 'integer' | 'number'): number {
  const step = numberOf(schema['multipleOf']) ?? 1;
  const least = numberOf(schema['minimum']) ?? exclusive(schema['exclusiveMinimum'], step);
  const most = numberOf(schema['maximum']) ?? exclusive(schema['exclusiveMaximum'], -step);
  const wanted = Math.min(Math.max(step, least ?? -Infinity), most ?? Infinity);
  return type === 'integer' ? Math.ceil(wanted / step) * step : wanted;
}

function exclusive(bound: JsonValue | undefined, step: number): number | null {
  const value = numberOf(bound);
  return value === null ? null : value + step;
}

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  time: '00:00:00Z',
  duration: 'P1D',
  email: 'someone@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
};

function sampleString(schema: JsonObject, text: string): string {
  const format = FORMATS[textOf(schema['format']) ?? ''];
  if (format !== undefined) return format;
  const least = numberOf(schema['minLength']) ?? 0;
  const most = numberOf(schema['maxLength']) ?? Infinity;
  return text.padEnd(least, '.').slice(0, most);
}

function mergeSchemas(left: JsonObject, right: JsonObject): JsonObject {
  return {
    ...left,
    ...right,
    properties: { ...objectOf(left['properties']), ...objectOf(right['properties']) },
    required: [...listOf(left['required']), ...listOf(right['required'])],
  };
}

/** Within the schema only: #/$defs/Name */
function resolve(reference: string, root: JsonObject): JsonValue | undefined {
  if (reference === '#') return root;
  if (!reference.startsWith('#/')) return undefined;
  return reference
    .slice(2)
    .split('/')
    .reduce<JsonValue | undefined>((value, key) => objectOf(value)[key.replaceAll('~1', '/').replaceAll('~0', '~')], root);
}
