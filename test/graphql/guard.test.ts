import { describe, expect, test } from '@jest/globals';
import { execute, getIntrospectionQuery, GraphQLError, Lexer, Source, TokenKind } from 'graphql';
import { GatewayError } from '../../src/core/errors.js';
import type { Principal } from '../../src/core/principal.js';
import { createGuard, type IntrospectionMode, type OperationRequest } from '../../src/graphql/guard.js';
import { GUARD_LIMITS } from '../../src/graphql/guard/limits.js';
import { collectingLogger } from '../kit/logger.js';
import { API, makeContext, makePrincipal, makeServices } from './world.js';

const KEY = makePrincipal(['ADMIN']);
const MESSAGE = 'messages: [{ role: USER, text: "hi" }]';

function makeGuard(introspection: IntrospectionMode = 'public') {
  const logger = collectingLogger();
  const guard = createGuard({ schema: API.schema, introspection, logger });
  const admit = (
    query: string,
    {
      variables = null,
      principal = KEY,
      operationName = null,
    }: Partial<Omit<OperationRequest, 'query'>> & { principal?: Principal | null } = {},
  ) => {
    const admission = guard.admit({ query, operationName, variables }, principal);
    if (admission.ok) return 'admitted';
    return guard.formatError(admission.errors[0], 'req-1').extensions?.['code'];
  };
  const message = (query: string, principal: typeof KEY | null = KEY) => {
    const admission = guard.admit({ query, operationName: null, variables: null }, principal);
    return admission.ok ? null : guard.formatError(admission.errors[0], 'req-1').message;
  };
  return { guard, logger, admit, message };
}

const times = (count: number, make: (index: number) => string) => Array.from({ length: count }, (_, index) => make(index)).join(' ');

function tokensOf(query: string): number {
  const lexer = new Lexer(new Source(query));
  let count = 0;
  while (lexer.advance().kind !== TokenKind.EOF) count += 1;
  return count;
}

/** Fields nested so deep: model → deployments → model → … → slug. */
function nested(depth: number): string {
  const path = ['model(slug: "x")', ...Array.from({ length: depth - 2 }, (_, index) => (index % 2 === 0 ? 'deployments' : 'model'))];
  return `{ ${path.join(' { ')} { slug ${'}'.repeat(path.length)} }`;
}

describe('limits of a document', () => {
  test.each([
    [GUARD_LIMITS.tokens, 'admitted'],
    [GUARD_LIMITS.tokens + 1, 'GRAPHQL_VALIDATION_FAILED'],
  ])('%d tokens: %s', (tokens, expected) => {
    const query = (stops: number) =>
      `mutation { complete(input: { model: "m", ${MESSAGE}, stop: [${'"a" '.repeat(stops)}] }) { __typename } }`;
    expect(makeGuard().admit(query(tokens - tokensOf(query(0))))).toBe(expected);
  });

  test.each([
    [12, 'admitted'],
    [13, 'GRAPHQL_VALIDATION_FAILED'],
  ])('%d levels of fields: %s', (depth, expected) => {
    expect(makeGuard().admit(nested(depth))).toBe(expected);
  });

  test('fragments do not hide depth', () => {
    const deep = `fragment Deep on Model { deployments { model { deployments { model { deployments { model { deployments { model { deployments { model { slug } } } } } } } } } } }`;
    expect(makeGuard().admit(`{ model(slug: "x") { deployments { model { ...Deep } } } } ${deep}`)).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  test.each([
    [15, 'admitted'],
    [16, 'GRAPHQL_VALIDATION_FAILED'],
  ])('%d aliases: %s', (count, expected) => {
    expect(makeGuard().admit(`{ viewer { ${times(count, (index) => `a${index}: permissions`)} } }`)).toBe(expected);
  });

  test('fragments do not hide aliases: each spread counts again', () => {
    const spreads = times(3, (index) => `f${index}: model(slug: "x") { ...F }`);
    expect(makeGuard().admit(`{ ${spreads} } fragment F on Model { ${times(5, (index) => `a${index}: slug`)} }`)).toBe(
      'GRAPHQL_VALIDATION_FAILED',
    );
  });

  test.each([
    [10, 'admitted'],
    [11, 'GRAPHQL_VALIDATION_FAILED'],
  ])('%d root fields: %s', (count, expected) => {
    expect(
      makeGuard().admit(`{ ${times(count, (index) => (index < 8 ? `a${index}: viewer { permissions }` : `b${index}: __typename`))} }`),
    ).toBe(expected);
  });

  test('fragments that double each other cost no time and no memory', () => {
    const doubling = times(
      150,
      (index) => `fragment F${index} on Model { ${index === 149 ? 'slug' : `...F${index + 1} ...F${index + 1}`} }`,
    );
    expect(makeGuard().admit(`{ model(slug: "x") { ...F0 } } ${doubling}`)).toBe('admitted');
  });

  test('a cycle of fragments is refused as such', () => {
    expect(makeGuard().message('{ model(slug: "x") { ...A } } fragment A on Model { ...B } fragment B on Model { ...A }')).toMatch(
      /itself/,
    );
  });

  test.each([
    '{',
    '',
    'query { viewer { permissions }',
    '{ nothing }',
    '{ viewer }',
    '{ viewer { permissions } } }',
    '\u0000',
    '{ model(slug: 5) { slug } }',
  ])('what is no document of this schema is refused, and never cached: %j', (query) => {
    const { guard, admit } = makeGuard();
    expect(admit(query)).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(admit(query)).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(guard.cacheStatistics()).toEqual({ hits: 0, misses: 2 });
  });

  test('an operation that is not there is the caller’s mistake', () => {
    const { admit } = makeGuard();
    const two = 'query A { viewer { permissions } } query B { viewer { permissions } }';
    expect(admit(two)).toBe('BAD_USER_INPUT');
    expect(admit(two, { operationName: 'C' })).toBe('BAD_USER_INPUT');
    expect(admit(two, { operationName: 'B' })).toBe('admitted');
  });
});

describe('limits of a request', () => {
  const WITH_JSON = `mutation ($o: JSON) { complete(input: { model: "m", ${MESSAGE}, providerOptions: $o }) { __typename } }`;
  const deep = (levels: number): unknown => (levels === 0 ? 'x' : levels % 2 === 0 ? { inner: deep(levels - 1) } : [deep(levels - 1)]);

  test.each([
    [63, 'admitted'],
    [64, 'admitted'],
    [65, 'BAD_USER_INPUT'],
    [5_000, 'BAD_USER_INPUT'],
  ])('a variable nested %d levels deep: %s', (levels, expected) => {
    expect(makeGuard().admit(WITH_JSON, { variables: { o: deep(levels) } })).toBe(expected);
  });

  const teams = (first: string) =>
    `teams(first: ${first}) { nodes { apiKeys(first: ${first}) { nodes { team { apiKeys(first: ${first}) { nodes { id } } } } } } }`;

  test('nested pages of 100 × 100 × 100 are refused by cost', () => {
    expect(makeGuard().admit(`{ ${teams('100')} }`)).toBe('OPERATION_TOO_COSTLY');
    expect(makeGuard().admit(`{ ${teams('10')} }`)).toBe('admitted');
  });

  test('fragments do not hide cost', () => {
    const { admit } = makeGuard();
    expect(
      admit(
        '{ teams(first: 100) { ...Page } } fragment Page on TeamConnection { edges { node { apiKeys(first: 100) { edges { node { team { apiKeys(first: 100) { edges { cursor } } } } } } } } }',
      ),
    ).toBe('OPERATION_TOO_COSTLY');
  });

  test('the cost of one document follows its variables, also from the cache', () => {
    const { guard, admit } = makeGuard();
    const query = `query ($n: Int) { ${teams('$n')} }`;
    expect(admit(query, { variables: { n: 10 } })).toBe('admitted');
    expect(admit(query, { variables: { n: 100 } })).toBe('OPERATION_TOO_COSTLY');
    expect(admit(query, { variables: { n: 5 } })).toBe('admitted');
    expect(guard.cacheStatistics()).toEqual({ hits: 2, misses: 1 });
  });

  test('entities cost as many as are named, in the document or by a variable', () => {
    const { admit } = makeGuard();
    const found = '... on Team { apiKeys(first: 100) { nodes { id } } }';
    const teamsNamed = (count: number) => Array.from({ length: count }, () => ({ __typename: 'Team', id: 'x' }));
    const byVariable = `query ($r: [_Any!]!) { _entities(representations: $r) { ${found} } }`;
    expect(admit(byVariable, { variables: { r: teamsNamed(100) } })).toBe('admitted');
    expect(admit(byVariable, { variables: { r: teamsNamed(1_000) } })).toBe('OPERATION_TOO_COSTLY');
    const below = (names: number) =>
      `{ _entities(representations: [${'"x",'.repeat(names)}]) { ... on Team { apiKeys(first: 100) { nodes { team { apiKeys(first: 100) { nodes { id } } } } } } } }`;
    expect(admit(below(4))).toBe('admitted');
    expect(admit(below(10))).toBe('OPERATION_TOO_COSTLY');
  });

  test('a page size out of range is left to the resolver, which names it', () => {
    expect(makeGuard().admit('{ models(first: 100000) { nodes { slug } } }')).toBe('admitted');
    expect(makeGuard().admit('{ models(first: -1) { nodes { slug } } }')).toBe('admitted');
  });

  const report = (field: string, limit: string) =>
    `${field}(range: { from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z" }${limit}) { rows { bucket dimensions { value label } } }`;

  test.each([['usage'], ['costs']])('the rows of %s cost as many as `limit` lets through, in the document or by a variable', (field) => {
    const { admit } = makeGuard();
    const many = (limit: string) => `{ ${Array.from({ length: 10 }, (_, index) => `a${index}: ${report(field, limit)}`).join(' ')} }`;
    expect(admit(many(''))).toBe('admitted');
    expect(admit(many(', limit: 100'))).toBe('admitted');
    const totals =
      field === 'usage'
        ? 'metrics { tokens { input } cost { amount } saved { amount } latencyMs { p50 } gatewayMs { p50 } }'
        : 'total { amount } components { amount }';
    const rich = (limit: string) => many(limit).replaceAll('label } }', `label } ${totals} }`);
    expect(admit(rich(', limit: 100'))).toBe('admitted');
    expect(admit(rich(', limit: 1000'))).toBe('OPERATION_TOO_COSTLY');
    const byVariable = `query ($n: Int) ${rich(', limit: $n')}`;
    expect(admit(byVariable, { variables: { n: 10 } })).toBe('admitted');
    expect(admit(byVariable, { variables: { n: 1_000 } })).toBe('OPERATION_TOO_COSTLY');
    expect(admit(byVariable, { variables: { n: 1_000_000 } })).toBe('OPERATION_TOO_COSTLY');
    expect(admit(`{ ${report(field, ', limit: 1000').replaceAll('label } }', `label } ${totals} }`)} }`)).toBe('admitted');
  });

  test('a rich page of a hundred models is not too costly', () => {
    const rich = 'slug price { tiers { rates { amount } } } deployments { slug provider { slug } health { state } }';
    expect(makeGuard().admit(`{ models(first: 100) { nodes { ${rich} } } }`)).toBe('admitted');
  });
});

describe('without a key', () => {
  test.each([
    ['{ __typename }', 'admitted', 'admitted', 'admitted'],
    ['{ _service { sdl } }', 'admitted', 'UNAUTHENTICATED', 'UNAUTHENTICATED'],
    ['{ __schema { types { name } } }', 'admitted', 'UNAUTHENTICATED', 'UNAUTHENTICATED'],
    ['{ __type(name: "Query") { name } }', 'admitted', 'UNAUTHENTICATED', 'UNAUTHENTICATED'],
    ['{ viewer { permissions } }', 'UNAUTHENTICATED', 'UNAUTHENTICATED', 'UNAUTHENTICATED'],
    ['{ __typename viewer { permissions } }', 'UNAUTHENTICATED', 'UNAUTHENTICATED', 'UNAUTHENTICATED'],
    ['{ ...F } fragment F on Query { viewer { permissions } }', 'UNAUTHENTICATED', 'UNAUTHENTICATED', 'UNAUTHENTICATED'],
    ['{ _entities(representations: []) { __typename } }', 'UNAUTHENTICATED', 'UNAUTHENTICATED', 'UNAUTHENTICATED'],
    [`mutation { complete(input: { model: "m", ${MESSAGE} }) { __typename } }`, 'UNAUTHENTICATED', 'UNAUTHENTICATED', 'UNAUTHENTICATED'],
    ['mutation { __typename }', 'UNAUTHENTICATED', 'UNAUTHENTICATED', 'UNAUTHENTICATED'],
    ['subscription { completionStream(id: "x") { __typename } }', 'UNAUTHENTICATED', 'UNAUTHENTICATED', 'UNAUTHENTICATED'],
    ['{ nothing }', 'GRAPHQL_VALIDATION_FAILED', 'UNAUTHENTICATED', 'UNAUTHENTICATED'],
  ])('%s is %s in public, %s for keys only, %s when off', (query, inPublic, forKeys, off) => {
    expect(makeGuard('public').admit(query, { principal: null })).toBe(inPublic);
    expect(makeGuard('authenticated').admit(query, { principal: null })).toBe(forKeys);
    expect(makeGuard('off').admit(query, { principal: null })).toBe(off);
  });
});

describe('introspection', () => {
  test('GraphiQL’s own, 15 levels deep, passes where it is permitted, and nowhere else', () => {
    const query = getIntrospectionQuery({ descriptions: true, inputValueDeprecation: true, oneOf: true });
    expect(makeGuard('public').admit(query, { principal: null })).toBe('admitted');
    expect(makeGuard('authenticated').admit(query)).toBe('admitted');
    expect(makeGuard('off').admit(query)).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(makeGuard('off').admit('{ __type(name: "Query") { name } }')).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  test('what is not public is not suggested either', () => {
    expect(makeGuard('public').message('{ viewr { permissions } }')).toMatch(/Did you mean/);
    expect(makeGuard('off').message('{ viewr { permissions } }')).toBe('Cannot query field "viewr" on type "Query".');
    expect(makeGuard('authenticated').message('{ viewr { permissions } }')).not.toMatch(/Did you mean/);
  });
});

describe('the document cache', () => {
  test('G9 one document under churn is parsed and validated once', () => {
    const { guard, admit } = makeGuard();
    const query = 'subscription ($id: ID!) { completionStream(id: $id) { sequence } }';
    for (let round = 0; round < 1_000; round += 1) admit(query, { variables: { id: `completion_${round}` } });
    const { hits, misses } = guard.cacheStatistics();
    expect(misses).toBe(1);
    expect(hits / (hits + misses)).toBeGreaterThan(0.99);
  });

  test('G9 hands the same document to every subscriber', () => {
    const { guard } = makeGuard();
    const request = { query: '{ viewer { permissions } }', operationName: null, variables: null };
    const [first, second] = [guard.admit(request, KEY), guard.admit({ ...request }, KEY)];
    expect(first.ok && second.ok && first.document === second.document).toBe(true);
  });

  test('D10 many distinct documents do not grow it without bound', () => {
    const limits = { ...GUARD_LIMITS, cachedDocuments: 3 };
    const guard = createGuard({ schema: API.schema, introspection: 'public', logger: collectingLogger(), limits });
    const admit = (name: string) => guard.admit({ query: `query ${name} { __typename }`, operationName: null, variables: null }, KEY);
    for (const name of ['A', 'B', 'C', 'D']) admit(name);
    admit('A');
    admit('D');
    expect(guard.cacheStatistics()).toEqual({ hits: 1, misses: 5 });
  });
});

describe('errors', () => {
  const CANARY = 'sk-canary-5f2a91';

  async function errorsOf(query: string, variables: Record<string, unknown>, services = makeServices()) {
    const { guard, logger } = makeGuard();
    const admission = guard.admit({ query, operationName: null, variables }, KEY);
    const raw = admission.ok
      ? (
          await execute({
            schema: API.schema,
            document: admission.document,
            variableValues: variables,
            contextValue: makeContext(services, KEY),
          })
        ).errors
      : admission.errors;
    return { formatted: (raw ?? []).map((error) => guard.formatError(error, 'req-1')), logger };
  }

  const failing = (thrown: unknown) =>
    makeServices({
      access: {
        ...makeServices().access,
        teams: async () => {
          throw thrown;
        },
      },
    });
  const TEAMS = '{ teams { totalCount } }';

  test('what is unexpected is masked, and logged once with its cause and the request id', async () => {
    const boom = new Error(`relation does not exist ${CANARY}`);
    const { guard, logger } = makeGuard();
    const admission = guard.admit({ query: TEAMS, operationName: null, variables: null }, KEY);
    if (!admission.ok) throw new Error('refused');
    const { errors } = await execute({ schema: API.schema, document: admission.document, contextValue: makeContext(failing(boom), KEY) });
    const [first, second] = [guard.formatError(errors![0], 'req-7'), guard.formatError(errors![0], 'req-7')];
    expect(first).toEqual(second);
    expect(first.extensions).toEqual({ code: 'INTERNAL', requestId: 'req-7' });
    expect(first.path).toEqual(['teams']);
    expect(JSON.stringify(first)).not.toContain(CANARY);
    expect(JSON.stringify(first)).not.toContain('stack');
    expect(logger.lines).toHaveLength(1);
    expect(logger.lines[0]?.fields).toMatchObject({ requestId: 'req-7', path: ['teams'], error: { name: 'Error', message: boom.message } });
  });

  test.each([['a string'], [undefined], [null], [{ message: 'an object' }], [7]])('also where %p was thrown', async (thrown) => {
    const { formatted } = await errorsOf(TEAMS, {}, failing(thrown));
    expect(formatted[0]?.extensions).toEqual({ code: 'INTERNAL', requestId: 'req-1' });
  });

  test('D2 an error of ours keeps its code and its wait; its cause stays in the log', async () => {
    const cause = new Error(`connect ECONNREFUSED ${CANARY}`);
    const away = new GatewayError('SERVICE_UNAVAILABLE', 'The database is away.', { retryAfterMs: 2_000, cause });
    const { formatted, logger } = await errorsOf(TEAMS, {}, failing(away));
    expect(formatted[0]).toMatchObject({
      message: 'The database is away.',
      extensions: { code: 'SERVICE_UNAVAILABLE', retryAfterMs: 2_000 },
    });
    expect(JSON.stringify(formatted)).not.toContain(CANARY);
    expect(JSON.stringify(logger.lines)).toContain('ECONNREFUSED');
  });

  test('the codes that libraries use at the doors become ours', () => {
    const { guard } = makeGuard();
    const codeOf = (code: string) => guard.formatError(new GraphQLError('x', { extensions: { code } }), 'r').extensions?.['code'];
    expect(codeOf('GRAPHQL_PARSE_FAILED')).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(codeOf('OPERATION_RESOLUTION_FAILURE')).toBe('BAD_USER_INPUT');
    expect(codeOf('BAD_REQUEST')).toBe('BAD_USER_INPUT');
    expect(codeOf('SOMETHING_ELSE')).toBe('INTERNAL');
  });

  test('a masked error shows nothing of what a library put into its extensions', () => {
    const { guard } = makeGuard();
    const wrapped = new GraphQLError('x', {
      originalError: new Error('y'),
      path: ['a'],
      extensions: { code: 'BAD_USER_INPUT', secret: CANARY },
    });
    expect(JSON.stringify(guard.formatError(wrapped, 'r'))).not.toContain(CANARY);
  });

  test.each([
    ['a missing variable', 'query ($slug: String!) { model(slug: $slug) { slug } }', {}],
    ['a variable of the wrong type', 'query ($n: Int) { models(first: $n) { totalCount } }', { n: 'ten' }],
    ['a page that is too large', '{ models(first: 101) { totalCount } }', {}],
    ['a negative page', 'query ($n: Int) { models(first: $n) { totalCount } }', { n: -1 }],
    ['a bad cursor', '{ models(after: "nonsense") { totalCount } }', {}],
    ['nonsense for an instant', 'query ($at: DateTime) { model(slug: "gpt-x") { price(at: $at) { currency } } }', { at: '\u0000' }],
    [
      'two fields where one is allowed',
      `mutation ($c: ToolChoiceInput) { complete(input: { model: "m", ${MESSAGE}, toolChoice: $c }) { __typename } }`,
      { c: { mode: 'AUTO', tool: 'x' } },
    ],
    [
      'a float for a decimal',
      'mutation ($p: Decimal!) { setPrice(input: { model: "m", price: { tiers: [{ rates: [{ component: INPUT, amount: $p }] }] } }) { __typename } }',
      { p: 0.1 },
    ],
  ])('%s is BAD_USER_INPUT', async (_name, query, variables) => {
    const { formatted, logger } = await errorsOf(query, variables);
    expect(formatted[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', requestId: 'req-1' });
    expect(logger.lines).toEqual([]);
  });

  const CREATE = 'mutation ($input: CreateProviderInput!) { createProvider(input: $input) { __typename } }';

  test.each([
    [CREATE, { input: { slug: 'a', credential: CANARY } }],
    [CREATE, { input: { slug: 'a', credential: { apiKey: { nested: CANARY } } } }],
    [CREATE, { input: { slug: 'a', credential: { apikey: CANARY } } }],
    [CREATE, { input: { slug: 'a', credential: { apiKey: CANARY, aws: CANARY } } }],
    [CREATE, { input: { slug: 'a', wireFormat: CANARY.repeat(8) } }],
    [CREATE, { input: { slug: 'a', baseUrl: CANARY } }],
    [CREATE, { input: CANARY }],
    [CREATE, { input: [`"; ${CANARY} at "x`, `}; ${CANARY}`] }],
    [`mutation { createProvider(input: { slug: "a", credential: "${CANARY}" }) { __typename } }`, {}],
    [`mutation { createProvider(input: { slug: "a", credential: ["x; y.", "${CANARY}"] }) { __typename } }`, {}],
    [`mutation { createProvider(input: { slug: "a", credential: """block; ${CANARY}""" }) { __typename } }`, {}],
    [`{ models(first: "${CANARY}") { totalCount } }`, {}],
  ])('K5 a secret in the wrong place is not echoed: %s %j', async (query, variables) => {
    const { formatted, logger } = await errorsOf(query, variables);
    expect(formatted.length).toBeGreaterThan(0);
    expect(['BAD_USER_INPUT', 'GRAPHQL_VALIDATION_FAILED']).toContain(formatted[0]?.extensions?.['code']);
    expect(JSON.stringify([formatted, logger.lines])).not.toContain(CANARY);
  });

  test('what is wrong, and where, is still told', async () => {
    const { formatted } = await errorsOf(CREATE, { input: { slug: 'a', credential: CANARY } });
    expect(formatted[0]?.message).toBe(
      'Variable "$input" got invalid value at "input.credential"; Expected type "ProviderCredentialInput" to be an object.',
    );
    const literal = await errorsOf('mutation { createProvider(input: { slug: 5 }) { __typename } }', {});
    expect(literal.formatted[0]?.message).toContain('String cannot represent a non string value');
    const decimal = await errorsOf(
      'mutation { setPrice(input: { price: { tiers: [{ rates: [{ component: INPUT, amount: 0.5 }] }] } }) { __typename } }',
      {},
    );
    expect(decimal.formatted[0]?.message).toMatch(/^Decimal must be a string/);
  });
});
