import { describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import {
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  isUnionType,
  parse,
  specifiedRules,
  validate,
  type GraphQLAbstractType,
  type GraphQLNamedType,
  type GraphQLObjectType,
} from 'graphql';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { ERROR_CATALOGUE } from '../../src/core/errors.js';
import * as vocabulary from '../../src/core/vocabulary.js';
import { API, makeContext, makeServices, run } from './world.js';

const FEDERATION = new Set([
  '_Entity',
  '_Service',
  '_Any',
  'federation__FieldSet',
  'federation__Scope',
  'federation__Policy',
  'federation__ContextFieldValue',
  'link__Import',
  'link__Purpose',
]);
const FEDERATION_FIELDS = new Set(['_service', '_entities']);
const types = Object.values(API.schema.getTypeMap()).filter(
  (type) => !type.name.startsWith('__') && !FEDERATION.has(type.name) && !(isScalarType(type) && isSpecifiedScalarType(type)),
);
const abstractTypes = types.filter((type): type is GraphQLAbstractType => isUnionType(type) || isInterfaceType(type));

function field(path: string): string {
  const [type = '', name = ''] = path.split('.');
  const declared = API.schema.getType(type);
  if (!isObjectType(declared) && !isInterfaceType(declared) && !isInputObjectType(declared)) throw new Error(`no type ${type}`);
  const found = declared.getFields()[name];
  if (!found) throw new Error(`no field ${path}`);
  const args =
    'args' in found
      ? found.args.map(
          (arg) => `${arg.name}: ${String(arg.type)}${arg.defaultValue === undefined ? '' : ` = ${JSON.stringify(arg.defaultValue)}`}`,
        )
      : [];
  const standard = 'defaultValue' in found && found.defaultValue !== undefined ? ` = ${JSON.stringify(found.defaultValue)}` : '';
  return `${args.length > 0 ? `(${args.join(', ')}): ` : ''}${String(found.type)}${standard}`;
}

const members = (name: string): string[] => {
  const type = API.schema.getType(name);
  if (isUnionType(type))
    return type
      .getTypes()
      .map((member) => member.name)
      .toSorted();
  if (isEnumType(type))
    return type
      .getValues()
      .map((value) => value.name)
      .toSorted();
  throw new Error(`${name} has no members`);
};

describe('the emitted schema', () => {
  test('is what schema/glidepath.graphql holds', async () => {
    expect(await readFile('schema/glidepath.graphql', 'utf8')).toBe(API.sdl);
  });

  test('describes every type, field, argument, input field and enum value', () => {
    expect(types.flatMap(undescribed)).toEqual([]);
  });

  test('names a unit wherever a number measures time or tokens', () => {
    const numbers = types.flatMap((type) => {
      if (!isObjectType(type) && !isInputObjectType(type)) return [];
      const fields: readonly { name: string; description?: string | null | undefined }[] = Object.values(type.getFields());
      return fields
        .filter(({ name }) => /Ms$|Ms[A-Z]|Seconds$/.test(name))
        .map((found) => ({ at: `${type.name}.${found.name}`, text: found.description ?? '' }));
    });
    expect(numbers.length).toBeGreaterThan(8);
    expect(numbers.filter(({ text }) => !/\b(ms|seconds)\b/.test(text))).toEqual([]);
  });

  test('is a subgraph that federation takes, with its keys and shared types', async () => {
    expect(() => buildSubgraphSchema(parse(API.sdl))).not.toThrow();
    const { data } = await run(makeContext(makeServices(), null), '{ _service { sdl } }');
    const sdl = String(data._service.sdl);
    for (const type of ['Completion', 'Organization', 'Model', 'Provider', 'Deployment', 'Team', 'ApiKey'])
      expect(sdl).toMatch(new RegExp(`type ${type}[^{]*\\n? *@key\\(fields: "id"\\)`));
    expect(sdl).toMatch(/type Model[^{]*@key\(fields: "slug"\)/s);
    for (const type of ['Money', 'PageInfo']) expect(sdl).toMatch(new RegExp(`type ${type}\\s+@shareable`));
  });

  test('lets one field of an input be given where it says so', () => {
    for (const name of ['ToolChoiceInput', 'ResponseFormatInput', 'ProviderCredentialInput']) {
      const type = API.schema.getType(name);
      expect(isInputObjectType(type) && type.isOneOf).toBe(true);
    }
  });
});

describe('members of unions and interfaces', () => {
  test('have the same type wherever they have the same field', () => {
    const clashes = abstractTypes.flatMap((type) => {
      const seen = new Map<string, string>();
      return API.schema.getPossibleTypes(type).flatMap((member) =>
        Object.values(member.getFields()).flatMap((found) => {
          const before = seen.get(found.name) ?? String(found.type);
          seen.set(found.name, before);
          return before === String(found.type)
            ? []
            : [`${type.name}: ${member.name}.${found.name} is ${String(found.type)}, elsewhere ${before}`];
        }),
      );
    });
    expect(abstractTypes.length).toBeGreaterThan(10);
    expect(clashes).toEqual([]);
  });

  test('can all be selected in one document, field by field', () => {
    for (const type of abstractTypes) {
      const root = rootOf(type);
      if (root === null) continue;
      const selections = API.schema.getPossibleTypes(type).map((member) => `... on ${member.name} { ${everyField(member)} }`);
      const document = parse(`fragment All on ${type.name} { ${selections.join(' ')} } ${root}`);
      const rules = specifiedRules.filter(({ name }) => !['ProvidedRequiredArgumentsRule', 'NoUnusedFragmentsRule'].includes(name));
      expect(validate(API.schema, document, rules).map(({ message }) => message)).toEqual([]);
    }
  });
});

describe('the contract', () => {
  test.each([
    ['Mutation.complete', '(idempotencyKey: String, input: CompletionInput!): CompleteResult!'],
    ['Mutation.startCompletion', '(idempotencyKey: String, input: CompletionInput!): CompleteResult!'],
    ['Mutation.rotateApiKey', '(input: RotateApiKeyInput!): CreateApiKeyResult!'],
    ['Mutation.deleteProvider', '(input: DeleteProviderInput!): DeleteResult!'],
    ['Subscription.completionStream', '(after: Int = -1, id: ID!): CompletionEvent!'],
    ['Subscription.streamCompletion', '(after: Int = -1, idempotencyKey: String!, input: CompletionInput!): CompletionEvent!'],
    ['Query.viewer', 'Viewer'],
    ['Query.estimateCost', '(input: CompletionInput!): CostEstimate'],
    ['CompletionInput.maxCost', 'Decimal'],
    ['CostEstimate.inputTokens', 'SafeInt!'],
    ['CostEstimate.high', 'Money'],
    ['CostEstimate.decision', 'RoutingDecision!'],
    ['Query.models', '(after: String, filter: ModelFilter, first: Int = 50): ModelConnection'],
    ['Query.apiKeys', '(after: String, first: Int = 50, teamId: ID): ApiKeyConnection'],
    [
      'Query.usage',
      '(filter: UsageFilter, granularity: Granularity, groupBy: [UsageDimension!] = [], limit: Int = 100, orderBy: UsageOrder = "COST_DESC", range: TimeRangeInput!, timeZone: String = "UTC"): UsageReport',
    ],
    [
      'Query.costs',
      '(filter: UsageFilter, granularity: Granularity, groupBy: [UsageDimension!] = [], limit: Int = 100, range: TimeRangeInput!, timeZone: String = "UTC"): CostReport',
    ],
    ['Query.inferences', '(after: String, filter: InferenceFilter, first: Int = 50): InferenceConnection'],
    ['Subscription.inferenceSettled', '(filter: InferenceFilter): Inference!'],
    ['Mutation.recordFeedback', '(input: RecordFeedbackInput!): RecordFeedbackResult!'],
    ['UsageMetrics.feedback', 'FeedbackSummary'],
    ['UsageMetrics.activeUsers', 'SafeInt'],
    ['CostRow.blendedPerMillionTokens', 'Decimal'],
    ['RecordFeedbackInput.weight', 'Float = 1'],
    ['Completion.feedback', '[Feedback!]!'],
    ['Completion.cost', 'Cost'],
    ['Completion.timing', 'Timing!'],
    ['Completion.guardrails', '[GuardrailRun!]!'],
    ['Cost.total', 'Money'],
    ['Cost.saved', 'Money!'],
    ['TokenUsage.totalInput', 'SafeInt!'],
    ['CostComponent.amount', 'Decimal!'],
    ['Attempt.deployment', 'Deployment'],
    ['RoutingCandidate.deployment', 'Deployment!'],
    ['ToolCallDelta.id', 'String'],
    ['InvalidRequest.problems', '[InputProblem!]!'],
    ['InvalidRequest.inference', 'Inference'],
    ['Model.price', '(at: DateTime): Price'],
    ['Provider.baseUrl', 'URL'],
    ['CreateApiKeyInput.permissions', '[Permission!] = ["INFERENCE"]'],
    ['PriceRateInput.per', 'Int = 1000000'],
    ['PriceRateInput.amount', 'Decimal!'],
    ['JsonSchemaFormatInput.strict', 'Boolean = true'],
    ['CreateDeploymentInput.onCancel', 'CancelPolicy = "ABORT"'],
    ['CreateDeploymentInput.structuredOutputRepair', 'Boolean = false'],
  ])('%s is %s', (path, shape) => {
    expect(field(path)).toBe(shape);
  });

  test.each([
    ['CompleteResult', ['Cancelled', 'Completion', 'GatewayFailed', 'InvalidRequest', 'ModelUnavailable', 'ProvidersFailed']],
    ['CancelCompletionResult', ['Completion', 'NotFound']],
    ['DeleteResult', ['Conflict', 'Deleted', 'NotFound']],
    ['RecordFeedbackResult', ['Feedback', 'InvalidRequest', 'NotFound']],
    ['CreateApiKeyResult', ['CreatedApiKey', 'InvalidRequest', 'NotFound']],
    ['ProviderResult', ['Conflict', 'InvalidRequest', 'NotFound', 'Provider']],
    ['AssistantPart', ['MediaPart', 'ReasoningPart', 'TextPart', 'ToolCall']],
  ])('%s is one of %j', (name, expected) => {
    expect(members(name)).toEqual(expected);
  });

  test.each([
    ['Permission', vocabulary.PERMISSIONS],
    ['FinishReason', vocabulary.FINISH_REASONS],
    ['FailureClass', vocabulary.FAILURE_CLASSES],
    ['PriceComponent', vocabulary.PRICE_COMPONENTS],
    ['Operation', vocabulary.OPERATIONS],
    ['InferenceStatus', vocabulary.INFERENCE_STATUSES],
    ['WireFormat', vocabulary.WIRE_FORMATS],
    ['UsageDimension', vocabulary.USAGE_DIMENSIONS],
    ['Granularity', vocabulary.GRANULARITIES],
    ['UsageOrder', vocabulary.USAGE_ORDERS],
  ] as const)('%s has the words of the vocabulary', (name, words) => {
    expect(members(name)).toEqual([...words].toSorted());
  });

  test('has a code for every error that a type of the schema carries', () => {
    const carried = Object.entries(ERROR_CATALOGUE).filter(([, { type }]) => API.schema.getType(type) !== undefined);
    const later = ['CACHE_MISS'];
    const raised = carried.map(([code]) => code).filter((code) => !later.includes(code));
    expect(members('ErrorCode')).toEqual(raised.toSorted());
  });

  test('offers no input that nothing heeds yet', () => {
    expect(() => field('CompletionInput.cache')).toThrow(/no field/);
  });
});

function undescribed(type: GraphQLNamedType): string[] {
  const silent = (element: { readonly description?: string | null | undefined }, name: string) => (element.description ? [] : [name]);
  const own = silent(type, type.name);
  if (isEnumType(type)) return [...own, ...type.getValues().flatMap((value) => silent(value, `${type.name}.${value.name}`))];
  if (isInputObjectType(type))
    return [...own, ...Object.values(type.getFields()).flatMap((input) => silent(input, `${type.name}.${input.name}`))];
  if (!isObjectType(type) && !isInterfaceType(type)) return own;
  const fields = Object.values(type.getFields()).filter(({ name }) => !FEDERATION_FIELDS.has(name));
  return [
    ...own,
    ...fields.flatMap((one) => [
      ...silent(one, `${type.name}.${one.name}`),
      ...one.args.flatMap((arg) => silent(arg, `${type.name}.${one.name}(${arg.name})`)),
    ]),
  ];
}

/** Leaves as they are, the rest by its type's name. */
function everyField(type: GraphQLObjectType): string {
  return Object.values(type.getFields())
    .map((found) => (isLeafType(getNamedType(found.type)) ? found.name : `${found.name} { __typename }`))
    .join(' ');
}

/** An operation that spreads the fragment; null for what no root field answers. */
function rootOf(type: GraphQLAbstractType): string | null {
  for (const [keyword, root] of [
    ['query', API.schema.getQueryType()],
    ['mutation', API.schema.getMutationType()],
    ['subscription', API.schema.getSubscriptionType()],
  ] as const)
    for (const found of Object.values(root?.getFields() ?? {}))
      if (getNamedType(found.type) === type) return `${keyword} { ${found.name} { ...All } }`;
  return null;
}

test('the file in schema/ is plain SDL once federation’s own are declared', () => {
  const declared = `directive @link(url: String, import: [String]) on SCHEMA directive @key(fields: String) repeatable on OBJECT directive @shareable on OBJECT\n${API.sdl.replace('directive @oneOf on INPUT_OBJECT', '')}`;
  expect(buildSchema(declared, { assumeValidSDL: true }).getQueryType()?.name).toBe('Query');
});
