import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../src/core/json.js';
import { toStrictSchema } from '../../src/providers/strict-schema.js';
import { strictSubset } from '../../src/providers/strict-subset.js';
import { chatApi, makeCall, makeTarget } from './support.js';
import { faultsOf, schemas, valuesOfStrict } from './strict-schema-samples.js';

const OPENAI = strictSubset('openai', 'gpt-5.4');
if (OPENAI === null) throw new Error('no subset');

const strictOf = (schema: JsonValue) => toStrictSchema(schema, OPENAI);
const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({ type: 'object', properties, ...more });
const closed = (properties: JsonObject, more: JsonObject = {}): JsonObject =>
  object(properties, { required: Object.keys(properties), additionalProperties: false, ...more });
const TEXT = { type: 'string' };

describe('a schema in the strict form of OpenAI’s', () => {
  test('that has it already is sent as it is, and nothing is told', () => {
    const whole = closed({ a: TEXT, b: { type: 'array', items: closed({ c: { enum: ['x'], type: 'string' } }) } });
    expect(strictOf(whole)).toEqual({ schema: whole, lost: [], narrowed: [] });
  });

  test('is closed, with all its properties, and says what callers will see of it', () => {
    expect(strictOf(object({ a: TEXT, b: object({ c: TEXT }, { additionalProperties: true }) }, { required: ['a'] }))).toEqual({
      schema: closed({ a: TEXT, b: closed({ c: TEXT }) }),
      lost: [],
      narrowed: ['always b', 'no other properties at b', 'always b.c'],
    });
  });

  test.each<readonly [string, JsonObject, JsonObject]>([
    ['minLength at a', { type: 'string', minLength: 2 }, TEXT],
    ['uniqueItems at a', { type: 'array', items: TEXT, uniqueItems: true }, { type: 'array', items: TEXT }],
    ['format uri at a', { type: 'string', format: 'uri' }, TEXT],
    ['pattern at a', { type: 'string', pattern: '(?=x)' }, TEXT],
    ['not at a', { type: 'string', not: { const: 'x' } }, TEXT],
  ])('is without %s, and says so', (lost, given, said) => {
    expect(strictOf(closed({ a: given }))).toEqual({
      schema: closed({ a: said }),
      lost: [lost.replace('format uri', 'format')],
      narrowed: [],
    });
  });

  test.each<readonly [string, JsonObject, JsonObject]>([
    ['const', { const: 'x' }, { type: 'string', const: 'x' }],
    ['a nullable type', { type: ['string', 'null'] }, { type: ['string', 'null'] }],
    ['exclusive bounds', { type: 'integer', exclusiveMinimum: 0 }, { type: 'integer', exclusiveMinimum: 0 }],
    ['choices of which one fits', { oneOf: [TEXT, { type: 'integer' }] }, { anyOf: [TEXT, { type: 'integer' }] }],
    ['a wrapped reference', { allOf: [{ $ref: '#/definitions/p' }], description: 'a note' }, { $ref: '#/$defs/p' }],
    ['a title and an example', { type: 'string', title: 'T', examples: ['x'], default: 'x' }, { type: 'string', title: 'T' }],
  ])('keeps the meaning of %s', (_, given, said) => {
    const definitions = { p: closed({ x: TEXT }) };
    expect(strictOf(closed({ a: given }, { definitions }))).toMatchObject({
      schema: closed({ a: said }, { $defs: definitions }),
      lost: [],
      narrowed: [],
    });
  });

  test('keeps a recursion that can end', () => {
    const node = closed({ value: TEXT, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } });
    const schema = closed({ root: { $ref: '#/$defs/node' } }, { $defs: { node } });
    expect(strictOf(schema)).toEqual({ schema, lost: [], narrowed: [] });
  });

  test.each<readonly [string, JsonValue]>([
    ['a root that is not one object', { type: 'array', items: TEXT }],
    ['an object of any names', { type: 'object' }],
    ['an object of any names at a', closed({ a: { type: 'object', additionalProperties: TEXT } })],
    ['an object of any names', object({ a: TEXT }, { required: ['b'] })],
    ['a value of any kind at a', closed({ a: {} })],
    ['a value of any kind at a.items', closed({ a: { type: 'array' } })],
    ['allOf at a', closed({ a: { allOf: [TEXT, { minLength: 2 }] } })],
    ['prefixItems at a', closed({ a: { type: 'array', prefixItems: [TEXT] } })],
    ['oneOf with choices that may overlap at a', closed({ a: { oneOf: [TEXT, { const: 'x' }] } })],
    ['type beside anyOf at a', closed({ a: { type: 'string', anyOf: [TEXT] } })],
    ['a reference to what is no definition at a', closed({ a: { $ref: '#/properties/b' }, b: TEXT })],
    ['a reference to what is no definition at a', closed({ a: { $ref: '#/$defs/%E0%A4%A' } })],
    ['an object that needs itself, once all its properties are there', object({ next: { $ref: '#' } })],
    [
      'more than 200 definitions',
      closed({ a: TEXT }, { $defs: Object.fromEntries(Array.from({ length: 201 }, (_, at) => [`d${String(at)}`, TEXT])) }),
    ],
    ['more than 60 levels', closed({ a: Array.from({ length: 3_000 }).reduce<JsonObject>((items) => ({ type: 'array', items }), TEXT) })],
    ['more than 10 levels', Array.from({ length: 11 }).reduce<JsonObject>((inner) => closed({ a: inner }), closed({ a: TEXT }))],
  ])('there is none of %s', (because, schema) => {
    expect(strictOf(schema)).toEqual({ schema: null, because });
  });
});

describe('any schema', () => {
  const validator = (schema: JsonObject) => new Ajv2020({ strict: false, logger: false, validateFormats: false }).compile(schema);
  // One seed, so that how many have a strict form is the same each time.
  const runs = { numRuns: 200, seed: 20_261_122 };

  test('has in its strict form no word and no open end that the documentation lacks, and is its own strict form', () => {
    let said = 0;
    fc.assert(
      fc.property(schemas, (schema) => {
        const strict = strictOf(schema);
        if (strict.schema === null) return;
        said += 1;
        expect(faultsOf(strict.schema)).toEqual([]);
        expect(strictOf(strict.schema)).toEqual({ schema: strict.schema, lost: [], narrowed: [] });
        expect(JSON.stringify(strictOf(schema))).toBe(JSON.stringify(strict));
      }),
      runs,
    );
    expect(said).toBeGreaterThan(100);
  });

  test('lets in by its strict form only what it lets in itself, where nothing is told to be lost', () => {
    let held = 0;
    const pairs = schemas.chain((schema) => {
      const { schema: said, ...told } = strictOf(schema);
      const isWhole = said !== null && 'lost' in told && told.lost.length === 0;
      return fc.tuple(fc.constant(schema), isWhole ? fc.array(valuesOfStrict(said), { minLength: 5, maxLength: 5 }) : fc.constant([]));
    });
    fc.assert(
      fc.property(pairs, ([schema, values]) => {
        if (values.length === 0) return;
        const [fitsStrict, fits] = [validator(strictOf(schema).schema ?? {}), validator(schema)];
        for (const value of values.filter((each) => fitsStrict(each))) {
          held += 1;
          expect({ value, fits: fits(value) }).toEqual({ value, fits: true });
        }
      }),
      { ...runs, numRuns: 500 },
    );
    expect(held).toBeGreaterThan(20);
  });
});

describe('a call', () => {
  const ask = (schema: JsonObject, preset: string | null = 'openai') => {
    const responseFormat = { kind: 'jsonSchema', name: 'place', schema, strict: true } as const;
    const tools = [{ name: 'weather', description: null, parameters: schema, strict: true }];
    const target = makeTarget({ preset });
    return chatApi('OPENAI_CHAT').toRequest(makeCall({ responseFormat, tools }), target, { stream: false, refusedParameters: new Set() });
  };

  test('with optional properties is strict, vouched for, and says what changes, of its answer and its tools', () => {
    const { body, warnings, holdsSchema } = ask(object({ a: TEXT }));
    expect(body).toMatchObject({
      response_format: { json_schema: { strict: true, schema: closed({ a: TEXT }) } },
      tools: [{ function: { strict: true, parameters: closed({ a: TEXT }) } }],
    });
    expect(warnings).toEqual([
      'The schema of the tool weather was narrowed to the provider’s strict form; what fits it fits yours: always a.',
      'The schema of responseFormat was narrowed to the provider’s strict form; what fits it fits yours: always a.',
    ]);
    expect(holdsSchema).toBe(true);
  });

  test('that can’t be strict goes as it is written, is not vouched for, and says so', () => {
    const free = object({ a: { type: 'object' } });
    const { body, warnings, holdsSchema } = ask(free);
    expect(body).toMatchObject({
      response_format: { json_schema: { strict: false, schema: free } },
      tools: [{ function: { strict: false, parameters: free } }],
    });
    expect(warnings).toHaveLength(2);
    expect(warnings[1]).toContain('sent without strict: the provider’s strict form can’t say an object of any names at a.');
    expect(holdsSchema).toBeUndefined();
  });

  test('that loses a bound is not vouched for', () => {
    expect(ask(closed({ a: { type: 'string', minLength: 1 } })).holdsSchema).toBeUndefined();
  });

  test.each([null, 'groq'])('to a vendor whose strict form nobody has written down goes as it is: %s', (preset) => {
    expect(ask(object({ a: TEXT }), preset)).toMatchObject({
      body: { response_format: { json_schema: { strict: true, schema: object({ a: TEXT }) } } },
      warnings: [],
    });
  });
});
