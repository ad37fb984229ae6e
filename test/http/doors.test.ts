import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GOOD_KEY, startFixture, type Fixture } from './fixture.js';
import { openReadySocket, subscribeMessage } from './raw-socket.js';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});

afterAll(async () => {
  await fixture.server.close();
});

interface Outcome {
  readonly data: unknown;
  readonly code: unknown;
  readonly requestId: unknown;
}

const outcome = (result: { data?: unknown; errors?: readonly { extensions?: Record<string, unknown> }[] | undefined }): Outcome => ({
  data: result.data ?? null,
  code: result.errors?.[0]?.extensions?.['code'] ?? null,
  requestId: result.errors?.[0]?.extensions?.['requestId'] ?? null,
});

type Ask = (query: string, options: { readonly key: string | null; readonly variables?: object }) => Promise<Outcome>;

const DOORS: Record<string, Ask> = {
  HTTP: async (query, { key, variables }) => outcome(await fixture.client(key).query(query, variables)),
  WebSocket: async (query, { key, variables }) => {
    const socket = await openReadySocket(fixture.socketUrl, key === null ? {} : { authorization: `Bearer ${key}` });
    socket.send(subscribeMessage('1', query, variables));
    const { type, payload } = await socket.next();
    socket.socket.close();
    return outcome((type === 'next' ? payload : { errors: payload }) as Parameters<typeof outcome>[0]);
  },
  SSE: async (query, { key, variables }) => {
    for await (const result of fixture.client(key).events(query, variables)) return outcome(result);
    throw new Error('no result came');
  },
};

describe.each(Object.entries(DOORS))('the %s door', (_name, ask) => {
  test.each([
    ['a syntax error', '{ hello', 'GRAPHQL_VALIDATION_FAILED'],
    ['an unknown field', '{ nonsense }', 'GRAPHQL_VALIDATION_FAILED'],
    ['NUL bytes', '{ \u0000 }', 'GRAPHQL_VALIDATION_FAILED'],
    ['no operation of that many', 'query A { hello } query B { hello }', 'BAD_USER_INPUT'],
    ['a forbidden field', '{ forbidden }', 'FORBIDDEN'],
    ['what is away', '{ away }', 'SERVICE_UNAVAILABLE'],
    ['what fails inside', 'query { fail }', 'INTERNAL'],
  ])('%s has its code and a request id', async (_what, query, code) => {
    expect(await ask(query, { key: GOOD_KEY })).toMatchObject({ code, requestId: expect.any(String) });
  });

  test('a wrong variable is BAD_USER_INPUT', async () => {
    const asked = await ask('query ($v: Int!) { echo(value: $v) }', { key: GOOD_KEY, variables: { v: 'x' } });
    expect(asked).toMatchObject({ code: 'BAD_USER_INPUT', requestId: expect.any(String) });
  });

  test('what needs a key is UNAUTHENTICATED without one', async () => {
    expect(await ask('{ hello }', { key: null })).toMatchObject({ code: 'UNAUTHENTICATED', requestId: expect.any(String) });
  });

  test('a query is answered', async () => {
    expect(await ask('query ($v: Int!) { hello echo(value: $v) }', { key: GOOD_KEY, variables: { v: 3 } })).toEqual({
      data: { hello: 'world', echo: 3 },
      code: null,
      requestId: null,
    });
  });
});
