import fc from 'fast-check';
import { isJsonObject } from '../../src/core/json.js';
import type { JsonObject, JsonValue } from '../../src/core/json.js';
import { isJsonList, listOf, objectOf } from '../../src/providers/json-read.js';

/** Every word that the documentation of the strict form has for schemas. */
const WORDS = new Set([
  ...['type', 'title', 'description', 'enum', 'const', 'properties', 'required', 'additionalProperties', 'items', 'anyOf', '$ref', '$defs'],
  ...['pattern', 'format', 'multipleOf', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'minItems', 'maxItems'],
]);

/** What is against the documented rules of the strict form, with its place. */
export function faultsOf(root: JsonObject): readonly string[] {
  const own = root['type'] === 'object' && root['anyOf'] === undefined ? [] : ['the root is not one object'];
  const names = new Set(Object.keys(objectOf(root['$defs'])).map((name) => `#/$defs/${name}`));
  return [...own, ...faultsAt(root, '', new Set(['#', ...names]))];
}

function faultsAt(schema: JsonValue | undefined, path: string, names: ReadonlySet<string>): readonly string[] {
  if (!isJsonObject(schema)) return [`${path} is no schema`];
  const faults = Object.keys(schema)
    .filter((word) => !WORDS.has(word) || (word === '$defs' && path !== ''))
    .map((word) => `${path} has ${word}`);
  const { $ref, $defs, anyOf, items, type, properties } = schema;
  if ($ref !== undefined) {
    if (typeof $ref !== 'string' || !names.has($ref)) faults.push(`${path} refers to nothing`);
    if (Object.keys(schema).length > 1) faults.push(`${path} has words beside $ref`);
  } else if (anyOf === undefined && type === undefined) faults.push(`${path} has no type`);
  const types = isJsonList(type) ? type : [type];
  if (types.includes('object')) faults.push(...faultsOfObject(schema, path));
  if (types.includes('array') && items === undefined) faults.push(`${path} has no items`);
  const inner = [...Object.entries(objectOf(properties)), ...listOf(anyOf).map((choice, at) => [`anyOf${String(at)}`, choice] as const)];
  const rest = [...(items === undefined ? [] : [['items', items] as const]), ...Object.entries(objectOf($defs))];
  return [...faults, ...[...inner, ...rest].flatMap(([step, each]) => faultsAt(each, `${path}/${step}`, names))];
}

function faultsOfObject({ properties, required, additionalProperties }: JsonObject, path: string): readonly string[] {
  const names = Object.keys(objectOf(properties));
  const isWhole = names.length === listOf(required).length && names.every((name) => listOf(required).includes(name));
  return [
    ...(additionalProperties === false ? [] : [`${path} is open`]),
    ...(isJsonObject(properties) && isWhole ? [] : [`${path} does not require all it has`]),
  ];
}

const scalars = fc.constantFrom<JsonObject>(
  { type: 'string' },
  { type: ['string', 'null'], minLength: 1 },
  { type: 'string', pattern: '^x' },
  { type: 'integer', exclusiveMinimum: 0 },
  { type: 'number', maximum: 5, multipleOf: 0.5 },
  { type: 'boolean', default: true },
  { const: 'x' },
  { enum: ['x', 1, null] },
  { type: 'null', title: 'Nothing' },
);

const NAMES = ['a', 'b', 'c'];

function objectsOver(inner: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonObject> {
  const fields = {
    type: fc.constant('object'),
    properties: fc.tuple(inner, inner, inner).map(([a, b, c]) => ({ a, b, c })),
    required: fc.subarray(NAMES),
    additionalProperties: fc.constantFrom<JsonValue>(true, false, { type: 'string' }),
  };
  return fc.record(fields, { requiredKeys: ['type', 'properties'], noNullPrototype: true });
}

function nested(inner: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonObject> {
  return fc.oneof(
    inner,
    objectsOver(inner),
    inner.map((items) => ({ type: 'array', items, minItems: 1 })),
    fc.tuple(inner, inner).map((anyOf) => ({ anyOf })),
    fc.constantFrom<JsonObject>({ $ref: '#/$defs/a' }, { allOf: [{ $ref: '#/$defs/a' }], description: 'a note' }),
    fc.constant<JsonObject>({ oneOf: [{ type: 'string' }, { type: 'integer' }] }),
  );
}

/** Callers' schemas: optional and open objects, choices, references, and bounds that the strict form lacks. */
export const schemas: fc.Arbitrary<JsonObject> = fc
  .tuple(objectsOver(nested(nested(scalars))), objectsOver(scalars))
  .map(([root, a]) => ({ ...root, $defs: { a } }));

const leaves = fc.constantFrom<JsonValue>('x', 'y', 'xx', '', 0, 1, 2, 1.5, 7, null, true);

/** Answers that a vendor might give that keeps `root`: what fits is mostly found, the rest is for the caller to sift. */
export function valuesOfStrict(root: JsonObject): fc.Arbitrary<JsonValue> {
  return valuesAt(root, root, 6);
}

function valuesAt(schema: JsonObject, root: JsonObject, left: number): fc.Arbitrary<JsonValue> {
  const { $ref, anyOf, enum: listed, const: only, type, properties, items } = schema;
  if (left === 0) return leaves;
  if (typeof $ref === 'string') return valuesAt($ref === '#' ? root : objectOf(objectOf(root['$defs'])[$ref.slice(8)]), root, left - 1);
  if (only !== undefined) return fc.constant(only);
  if (isJsonList(listed)) return fc.constantFrom(...listed);
  if (isJsonList(anyOf)) return fc.oneof(...anyOf.map((choice) => valuesAt(objectOf(choice), root, left - 1)));
  const types = isJsonList(type) ? type : [type];
  const made: fc.Arbitrary<JsonValue>[] = [];
  if (types.includes('array')) made.push(fc.array(valuesAt(objectOf(items), root, left - 1), { minLength: 1, maxLength: 2 }));
  if (types.includes('object')) {
    const fields = Object.entries(objectOf(properties)).map(([name, inner]) => [name, valuesAt(objectOf(inner), root, left - 1)] as const);
    made.push(fc.record(Object.fromEntries(fields), { noNullPrototype: true }));
  }
  return made.length === 0 ? leaves : fc.oneof(...made);
}
