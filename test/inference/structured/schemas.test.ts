import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CompletionCall } from '../../../src/core/completion.js';
import type { JsonObject, JsonValue } from '../../../src/core/json.js';
import { parseCompletionInput } from '../../../src/inference/input/parse.js';
import { MOST_RULES, MOST_VALUES } from '../../../src/inference/structured/size.js';
import { tell } from '../../../src/inference/structured/misfits.js';
import { createAnswerSchemas, LONGEST_ANSWER } from '../../../src/inference/structured/schemas.js';
import { input } from '../kit.js';

/** Long enough for a machine that is busy with other things. */
const schemas = createAnswerSchemas({ checkMs: 10_000 });

function callFor(schema: JsonObject): CompletionCall {
  const parsed = parseCompletionInput(input({ responseFormat: { jsonSchema: { name: 'answer', schema } } }));
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}

const check = (schema: JsonValue, value: JsonValue) => schemas.check(schema, JSON.stringify(value));
function faultsOf(schema: JsonValue, text: string | null): string {
  const verdict = schemas.check(schema, text);
  return verdict.kind === 'misfits' ? tell(verdict.misfits) : verdict.kind;
}

describe('a schema', () => {
  test.each<[string, JsonObject]>([
    ['with recursion', { $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } }, $ref: '#/$defs/node' }],
    ['that refers to its root', { type: 'object', properties: { child: { $ref: '#' } } }],
    ['of draft 7, by name', { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', definitions: { a: { type: 'string' } } }],
    ['with a tuple as draft 7 says it', { type: 'object', properties: { pair: { type: 'array', items: [{ type: 'string' }] } } }],
    ['with OpenAPI’s null beside alternatives', { type: 'object', properties: { a: { anyOf: [{ type: 'string' }], nullable: true } } }],
    ['with a pattern of the older grammar', { type: 'object', properties: { a: { type: 'string', pattern: '^\\-\\_$' } } }],
    ['with an unknown format and word', { type: 'object', properties: { a: { type: 'string', format: 'zip', 'x-note': 1 } } }],
    ['that calls itself asynchronous', { $async: true, type: 'object' }],
  ])('%s can be used', (_, schema) => {
    expect(schemas.problem(callFor(schema))).toBeNull();
    expect(check(schema, {}).kind).toBe('fits');
  });

  test.each<[string, JsonObject, string]>([
    ['a type that is none', { properties: { a: { type: 'strnig' } } }, '.properties.a.type'],
    ['a pattern that is none', { properties: { a: { pattern: '(' } } }, ''],
    ['a reference to elsewhere', { properties: { a: { $ref: 'https://example.com/a' } } }, ''],
    ['a reference to nowhere', { properties: { a: { $ref: '#/$defs/a' } } }, ''],
    ['bounds that are none', { properties: { a: { minLength: -1 } } }, '.properties.a.minLength'],
    ['two things under one name', { $defs: { a: { $id: 'x' }, b: { $id: 'x', type: 'string' } } }, ''],
  ])('with %s is refused, and its place named', (_, schema, place) => {
    const problem = schemas.problem(callFor({ type: 'object', ...schema }));
    expect(problem?.path).toBe(`responseFormat.jsonSchema.schema${place}`);
    expect(problem?.message).toMatch(/^can't be used: .{5,200}$/);
  });

  test('names nothing that another caller’s schema could find', () => {
    const secret = {
      $id: 'https://acme.test/secret',
      type: 'object',
      $defs: { inner: { $id: 'https://acme.test/inner', type: 'string' } },
    };
    expect(schemas.problem(callFor(secret))).toBeNull();
    for (const $ref of ['https://acme.test/secret', 'https://acme.test/inner'])
      expect(schemas.problem(callFor({ type: 'object', properties: { a: { $ref } } }))?.message).toContain('can');
    expect(schemas.problem(callFor({ ...secret, title: 'the same name, another schema' }))).toBeNull();
  });

  const names = (count: number) => Array.from({ length: count }, (_, index) => `p${String(index)}`);
  test.each<[string, JsonObject]>([
    ['objects', { properties: Object.fromEntries(names(MOST_RULES).map((name) => [name, { type: 'string' }])) }],
    ['booleans, which are schemas too', { anyOf: Array<boolean>(MOST_RULES).fill(false) }],
    ['names that depend on another', { dependentRequired: { a: names(MOST_RULES) } }],
    ['the same in the older words', { definitions: { a: { dependencies: { a: names(MOST_RULES) } } } }],
    ['characters beside names that depend on another', { dependentRequired: { a: names(200).map((name) => name.padEnd(100, 'x')) } }],
    ['characters on the way to its rules', { properties: { ['x'.repeat(10_000)]: { allOf: Array<JsonObject>(110).fill({}) } } }],
    ['values of any kind', { enum: names(MOST_VALUES) }],
    ['values that have no length', { $schema: 'http://json-schema.org/draft-07/schema#', enum: Array.from(names(MOST_VALUES).keys()) }],
  ])('of too many %s is passed on, and its answers are not checked', (_, schema) => {
    expect(schemas.problem(callFor(schema))).toBeNull();
    expect(check(schema, {})).toEqual({ kind: 'unchecked', because: 'the schema is too large' });
  });

  test('of long lists that need little code is checked', () => {
    const schema = { required: names(1_000), properties: { p0: { enum: names(1_000) } } };
    expect(faultsOf(schema, JSON.stringify({ ...Object.fromEntries(names(999).map((name) => [name, 1])), p0: 'q' }))).toBe(
      'required p999 at the top; enum at /p0',
    );
  });
});

describe('a check that could take for ever', () => {
  const nested = (depth: number): JsonValue => (depth === 0 ? { z: 1 } : { c: nested(depth - 1) });

  test.each<[string, JsonObject, JsonValue]>([
    ['a pattern that backtracks', { type: 'object', properties: { a: { pattern: '^(a+)+$' } } }, { a: `${'a'.repeat(60)}!` }],
    [
      'alternatives that double at each level',
      { properties: { c: { anyOf: [{ $ref: '#' }, { $ref: '#' }] } }, not: { required: ['z'] } },
      nested(60),
    ],
    ['a schema that is itself', { allOf: [{ $ref: '#' }] }, {}],
  ])('%s is stopped, told, and not tried again', (_, schema, value) => {
    const impatient = createAnswerSchemas({ checkMs: 20 });
    const verdict = { kind: 'unchecked', because: 'the check took too long' };
    expect(impatient.check(schema, JSON.stringify(value))).toEqual(verdict);
    expect(impatient.check(schema, '{}')).toEqual(verdict);
  });

  test('an answer that is too long is not read', () => {
    expect(schemas.check({ type: 'object' }, `"${'x'.repeat(LONGEST_ANSWER)}"`)).toEqual({ kind: 'unchecked', because: 'it is too long' });
  });
});

describe('what is said of a misfit', () => {
  const schema = {
    type: 'object',
    properties: { items: { type: 'array', items: { type: 'object', properties: { price: { type: 'number' } }, required: ['price'] } } },
    additionalProperties: { type: 'number' },
  };

  test('names the place and the keyword, each once, and a few at most', () => {
    const value = { items: [{ price: 'x' }, {}, 3], other: 'y' };
    expect(faultsOf(schema, JSON.stringify(value))).toBe(
      'type at /*; type at /items/0/price; required price at /items/1; type at /items/2',
    );
    expect(faultsOf(schema, JSON.stringify({ items: Array(50).fill(1) })).split('; ')).toHaveLength(5);
    expect(faultsOf(schema, '3')).toBe('type at the top');
  });

  test('is that it is no JSON, where it is none', () => {
    for (const text of [null, '', 'Sure! {"items":[]}', '```json\n{}\n```', '{"items":[}'])
      expect(faultsOf(schema, text)).toBe('it is not JSON');
    expect(faultsOf(schema, ' {"items":[]}\n')).toBe('fits');
  });

  test('holds no word of the answer', () => {
    const told = (value: JsonValue) =>
      faultsOf({ type: 'object', additionalProperties: { enum: ['a'], type: 'string' } }, JSON.stringify(value));
    expect(told({ 'jane@example.com': 'ssn 078-05-1120' })).toBe('enum at /*');
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 8 }), fc.string({ minLength: 8 }), { minKeys: 1 }), (answer) => {
        const words = told(answer);
        for (const [name, value] of Object.entries(answer)) {
          expect(words).not.toContain(name);
          expect(words).not.toContain(value);
        }
      }),
    );
  });
});

/** A schema, values that keep it by construction, and ways to break it. */
interface Shape {
  readonly schema: JsonObject;
  readonly value: fc.Arbitrary<JsonValue>;
  readonly broken: fc.Arbitrary<JsonValue>;
}

const leaves: readonly Shape[] = [
  { schema: { type: 'string', minLength: 1 }, value: fc.string({ minLength: 1 }), broken: fc.constantFrom('', 3, null) },
  { schema: { type: 'integer', minimum: 0 }, value: fc.nat(), broken: fc.constantFrom(-1, 0.5, '1') },
  { schema: { type: ['boolean', 'null'] }, value: fc.constantFrom(true, false, null), broken: fc.constantFrom(0, 'true', {}) },
  { schema: { enum: ['red', 'green', 7] }, value: fc.constantFrom('red', 'green', 7), broken: fc.constantFrom('blue', '7', []) },
];

function objectOf(fields: readonly Shape[]): Shape {
  const named = fields.map((shape, index) => [`f${String(index)}`, shape] as const);
  const properties = Object.fromEntries(named.map(([name, { schema }]) => [name, schema]));
  const schema = { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
  const value = fc.record(Object.fromEntries(named.map(([name, shape]) => [name, shape.value])));
  const without = ([name]: (typeof named)[number]) => value.map(({ [name]: _, ...rest }): JsonValue => rest);
  const spoilt = ([name, shape]: (typeof named)[number]) =>
    fc.tuple(value, shape.broken).map(([whole, bad]): JsonValue => ({ ...whole, [name]: bad }));
  const more = value.map((whole): JsonValue => ({ ...whole, more: 1 }));
  return { schema, value, broken: fc.oneof(more, ...named.map(without), ...named.map(spoilt)) };
}

function listOf({ schema, value, broken }: Shape): Shape {
  const list = fc.array(value, { minLength: 1, maxLength: 4 });
  const spoilt = fc.tuple(list, broken).map(([items, bad]): JsonValue => [...items, bad]);
  return {
    schema: { type: 'array', items: schema, minItems: 1 },
    value: list,
    broken: fc.oneof(spoilt, fc.constantFrom<JsonValue>([], {})),
  };
}

const shapes: fc.Arbitrary<Shape> = fc.letrec<{ shape: Shape; leaf: Shape }>((tie) => ({
  leaf: fc.constantFrom(...leaves),
  shape: fc.oneof(
    { maxDepth: 2 },
    tie('leaf'),
    fc.array(tie('shape'), { minLength: 1, maxLength: 3 }).map(objectOf),
    tie('shape').map(listOf),
  ),
})).shape;

describe('any schema', () => {
  test('lets through what was made by it, and nothing that was broken', () => {
    const cases = shapes.chain((shape) => fc.record({ schema: fc.constant(shape.schema), good: shape.value, bad: shape.broken }));
    fc.assert(
      fc.property(cases, ({ schema, good, bad }) => {
        expect(check(schema, good).kind).toBe('fits');
        expect(check(schema, bad).kind).toBe('misfits');
      }),
      { numRuns: 60 },
    );
  });

  test('is the same one, in whichever order its fields stand', () => {
    const impatient = createAnswerSchemas({ checkMs: 20 });
    impatient.check({ type: 'string', pattern: '^(a+)+$' }, `"${'a'.repeat(60)}!"`);
    expect(impatient.check({ pattern: '^(a+)+$', type: 'string' }, '"a"')).toMatchObject({ kind: 'unchecked' });
    expect(impatient.check({ type: 'string', pattern: '^a+$' }, '"!"').kind).toBe('misfits');
  });
});
