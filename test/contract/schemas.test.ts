import { describe, expect, test } from '@jest/globals';
import { isJsonObject } from '../../src/core/json.js';
import type { JsonObject, JsonValue } from '../../src/core/json.js';
import type { ProviderTarget } from '../../src/providers/contract.js';
import { isJsonList } from '../../src/providers/json-read.js';
import { chatApi, makeCall, makeTarget } from '../providers/support.js';

/** Every word that vendors are known to reject a whole request over. */
const SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  additionalProperties: false,
  properties: {
    count: { type: 'integer', exclusiveMinimum: 0 },
    below: { type: 'integer', exclusiveMaximum: 10 },
    price: { type: 'number', multipleOf: 0.5 },
    kind: { const: 'fixed' },
    site: { type: 'string', format: 'uri', examples: ['https://x.test'] },
    note: { type: ['string', 'null'] },
    either: { oneOf: [{ type: 'string' }, { type: 'integer' }] },
    both: { allOf: [{ type: 'string' }, { minLength: 2 }] },
    city: { $ref: '#/$defs/city' },
    tree: { $ref: '#/$defs/node' },
  },
  required: ['count', 'kind'],
  $defs: {
    city: { type: 'string', description: 'A city' },
    node: { type: 'object', properties: { value: { type: 'integer' }, child: { $ref: '#/$defs/node' } }, additionalProperties: false },
  },
} as const satisfies JsonObject;

/** Every keyword that a schema has in any place; names of properties are none. */
function keywordsOf(schema: JsonValue | undefined): readonly string[] {
  if (isJsonList(schema)) return schema.flatMap(keywordsOf);
  if (!isJsonObject(schema)) return [];
  return Object.entries(schema).flatMap(([word, value]) => [
    word,
    ...(word === 'properties' ? Object.values(isJsonObject(value) ? value : {}).flatMap(keywordsOf) : keywordsOf(value)),
  ]);
}

function objectsOf(schema: JsonValue | undefined): readonly JsonObject[] {
  if (isJsonList(schema)) return schema.flatMap(objectsOf);
  if (!isJsonObject(schema)) return [];
  return [...(schema['type'] === 'object' ? [schema] : []), ...Object.values(schema).flatMap(objectsOf)];
}

function propertiesOf(schema: JsonValue | undefined): JsonObject {
  const properties = isJsonObject(schema) ? schema['properties'] : undefined;
  return isJsonObject(properties) ? properties : {};
}

/** The schema as it is sent: of an answer, and of a strict tool; and what is told. */
function sent(fields: Partial<ProviderTarget>, find: { readonly answer: string; readonly tool: string }) {
  const target = makeTarget(fields);
  const responseFormat = { kind: 'jsonSchema', name: 'place', schema: SCHEMA, strict: true } as const;
  const tools = [{ name: 'weather', description: null, parameters: SCHEMA, strict: true }];
  const { body, warnings } = chatApi(target.wireFormat).toRequest(makeCall({ responseFormat, tools }), target, {
    stream: false,
    refusedParameters: new Set(),
  });
  const at = (path: string) =>
    path.split('.').reduce<JsonValue | undefined>((value, step) => {
      if (isJsonList(value)) return value[Number(step)];
      return isJsonObject(value) ? value[step] : undefined;
    }, body);
  const answer = at(find.answer);
  const whole = typeof answer === 'string' ? (JSON.parse(answer) as JsonObject) : answer;
  return { answer: whole, tool: at(find.tool), warnings };
}

const GEMINI = { answer: 'generationConfig.responseSchema', tool: 'tools.0.functionDeclarations.0.parameters' };
/** https://ai.google.dev/api/caching#Schema */
const OPEN_API = new Set([
  ...['type', 'format', 'title', 'description', 'nullable', 'enum', 'maxItems', 'minItems', 'properties', 'required', 'minProperties'],
  ...[
    'maxProperties',
    'minLength',
    'maxLength',
    'pattern',
    'example',
    'anyOf',
    'propertyOrdering',
    'default',
    'items',
    'minimum',
    'maximum',
  ],
]);

describe('P4 GEMINI', () => {
  const { answer, tool, warnings } = sent({ wireFormat: 'GEMINI' }, GEMINI);

  test('the answer’s schema and a tool’s have no word that the vendor does not know', () => {
    for (const schema of [answer, tool]) {
      expect(keywordsOf(schema).filter((word) => !OPEN_API.has(word))).toEqual([]);
      expect(JSON.stringify(schema)).not.toMatch(/\$|"oneOf"|"allOf"|"const"/);
    }
    expect(tool).toEqual(answer);
  });

  test('what has an equal means the same: an integer above 0 is at least 1, null among types is a flag', () => {
    expect(propertiesOf(answer)).toMatchObject({
      count: { type: 'integer', minimum: 1 },
      below: { type: 'integer', maximum: 9 },
      price: { type: 'number' },
      kind: { type: 'string', enum: ['fixed'] },
      site: { type: 'string', example: 'https://x.test' },
      note: { type: 'string', nullable: true },
      either: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
      both: { type: 'string', minLength: 2 },
      city: { type: 'string', description: 'A city' },
      tree: { type: 'object', properties: { value: { type: 'integer' }, child: { type: 'object' } } },
    });
    expect(answer).toMatchObject({ required: ['count', 'kind'] });
  });

  test('what has none is told, with its place', () => {
    for (const word of ['additionalProperties', 'multipleOf at price', 'format uri at site', 'recursion at tree'])
      expect(warnings.filter((warning) => warning.includes(word))).toHaveLength(2);
  });
});

describe.each([
  ['ANTHROPIC_MESSAGES', { answer: 'output_config.format.schema', tool: 'tools.0.input_schema' }, 'claude-opus-5'],
  [
    'BEDROCK_CONVERSE',
    { answer: 'outputConfig.textFormat.structure.jsonSchema.schema', tool: 'toolConfig.tools.0.toolSpec.inputSchema.json' },
    'anthropic.claude-sonnet-4-6-v1:0',
  ],
] as const)('P4 %s', (wireFormat, places, upstreamModel) => {
  const { answer, tool, warnings } = sent({ wireFormat, upstreamModel }, places);

  test('every object is closed, no reference or bound is left, and const and null keep their words', () => {
    for (const schema of [answer, tool]) {
      expect(keywordsOf(schema).filter((word) => /^\$|oneOf|allOf|imum$|examples|multiple|minLength/.test(word))).toEqual([]);
      for (const object of objectsOf(schema)) expect(object).toMatchObject({ additionalProperties: false });
    }
    expect(propertiesOf(answer)).toMatchObject({ kind: { const: 'fixed' }, note: { type: ['string', 'null'] }, site: { format: 'uri' } });
    for (const word of ['exclusiveMinimum at count', 'multipleOf at price', 'recursion at tree'])
      expect(warnings.filter((warning) => warning.includes(word))).toHaveLength(2);
  });
});

describe.each([
  ['OPENAI_CHAT', { answer: 'response_format.json_schema.schema', tool: 'tools.0.function.parameters' }],
  ['OPENAI_RESPONSES', { answer: 'text.format.schema', tool: 'tools.0.parameters' }],
] as const)('P4 %s', (wireFormat, places) => {
  test('what its maker’s strict form can’t say goes as it is written, not strict, and is told with its place', () => {
    const { answer, tool, warnings } = sent({ wireFormat, preset: wireFormat === 'OPENAI_CHAT' ? 'openai' : null }, places);
    expect([answer, tool]).toEqual([SCHEMA, SCHEMA]);
    for (const what of ['responseFormat', 'the tool weather'])
      expect(warnings).toContain(`The schema of ${what} was sent without strict: the provider’s strict form can’t say allOf at both.`);
  });
});
