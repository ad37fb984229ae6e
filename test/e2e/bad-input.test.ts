import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { COMPLETE, CREATE_API_KEY } from '../kit/operations.js';

let product: TestProduct;

beforeAll(async () => {
  product = await startProduct();
  await product.serve({ slug: 'words', rates: { INPUT: '1', OUTPUT: '2' } });
});

afterAll(() => product.stop());

const USER = { role: 'USER', text: 'hello' };

async function complete(input: object, key = product.adminKey) {
  const answer = await product.clientWith(key).query<{ complete: Record<string, unknown> }>(COMPLETE, { input });
  return answer.data?.complete;
}

/** POSTs bytes as they are. */
async function post(body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${product.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${product.adminKey}`, ...headers },
    body,
  });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) as { errors: { message: string; extensions: Record<string, unknown> }[] } };
}

describe('what a caller can get wrong in a completion is named with its path', () => {
  const toolCall = { id: 'call_1', name: 'lookup', arguments: '{}' };
  const cases: [string, object, string][] = [
    ['no messages', { model: 'words', messages: [] }, 'messages'],
    ['text and parts', { model: 'words', messages: [{ role: 'USER', text: 'a', parts: [{ text: 'b' }] }] }, 'messages.0'],
    ['neither text nor parts', { model: 'words', messages: [{ role: 'USER' }] }, 'messages.0'],
    [
      'two kinds in one part',
      { model: 'words', messages: [{ role: 'USER', parts: [{ text: 'a', image: { url: 'https://x.test/a.png' } }] }] },
      'messages.0.parts.0',
    ],
    [
      'a tool answer without its call',
      { model: 'words', messages: [USER, { role: 'TOOL', toolCallId: 'call_9', text: '42' }] },
      'messages.1.toolCallId',
    ],
    [
      'a tool answer without an id',
      { model: 'words', messages: [USER, { role: 'ASSISTANT', parts: [{ toolCall }] }, { role: 'TOOL', text: '42' }] },
      'messages.2.toolCallId',
    ],
    ['a tool call by the user', { model: 'words', messages: [{ role: 'USER', parts: [{ toolCall }] }] }, 'messages.0.parts.0.toolCall'],
    [
      'media with url and base64',
      {
        model: 'words',
        messages: [{ role: 'USER', parts: [{ image: { url: 'https://x.test/a.png', base64: 'AAAA', mimeType: 'image/png' } }] }],
      },
      'messages.0.parts.0.image',
    ],
    ['a temperature out of range', { model: 'words', messages: [USER], temperature: 9 }, 'temperature'],
    ['no output tokens', { model: 'words', messages: [USER], maxOutputTokens: 0 }, 'maxOutputTokens'],
    [
      'a choice of an unknown tool',
      { model: 'words', messages: [USER], tools: [{ name: 'a' }], toolChoice: { tool: 'b' } },
      'toolChoice.tool',
    ],
    ['a NUL in the user', { model: 'words', messages: [USER], user: 'a\u0000b' }, 'user'],
    ['a NUL in the model', { model: 'wo\u0000rds', messages: [USER] }, 'model'],
  ];
  test.each(cases)('%s', async (_name, input, path) => {
    const result = await complete(input);
    expect(result).toMatchObject({ __typename: 'InvalidRequest', code: 'INVALID_REQUEST' });
    const problems = result?.['problems'] as { path: string; message: string }[];
    expect(problems.map((problem) => problem.path).some((found) => found === path || found.startsWith(`${path}.`))).toBe(true);
    expect(problems.every((problem) => problem.message.length > 0)).toBe(true);
  });

  test('every problem is told at once, and the refusal has its row', async () => {
    const result = await complete({ model: 'words', messages: [], temperature: 9, topP: 3 });
    const problems = result?.['problems'] as { path: string }[];
    expect(problems.map((problem) => problem.path)).toEqual(expect.arrayContaining(['messages', 'temperature', 'topP']));
    expect(result?.['inference']).toMatchObject({ status: 'BLOCKED' });
  });
});

test('an unknown model is MODEL_NOT_FOUND, and no upstream is asked', async () => {
  const before = product.upstream.requests.length;
  const result = await complete({ model: 'no-such-model', messages: [USER] });
  expect(result).toMatchObject({
    __typename: 'ModelUnavailable',
    code: 'MODEL_NOT_FOUND',
    model: 'no-such-model',
    inference: { status: 'BLOCKED' },
  });
  expect(product.upstream.requests).toHaveLength(before);
});

test('K8 a forbidden model is MODEL_NOT_ALLOWED by every name it has', async () => {
  await product.serve({ slug: 'allowed', rates: { INPUT: '1', OUTPUT: '2' } });
  const { secret } = await product.createKey({ models: ['allowed'] });
  for (const model of ['words', 'on-words/words'])
    expect(await complete({ model, messages: [USER] }, secret)).toMatchObject({
      __typename: 'ModelUnavailable',
      code: 'MODEL_NOT_ALLOWED',
    });
  expect(await complete({ model: 'allowed', messages: [USER] }, secret)).toMatchObject({ __typename: 'Completion', status: 'SUCCEEDED' });
});

test('a wrong key is 401 and UNAUTHENTICATED', async () => {
  const wrong = `${product.adminKey.slice(0, -1)}${product.adminKey.endsWith('a') ? 'b' : 'a'}`;
  for (const key of [wrong, 'nonsense', '%', "' OR 1=1--"]) {
    const { status, body } = await post(JSON.stringify({ query: '{ viewer { permissions } }' }), { authorization: `Bearer ${key}` });
    expect(status).toBe(401);
    expect(body.errors[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED', requestId: expect.any(String) });
  }
});

test('an expired key is 401', async () => {
  // On a slow machine the first answer may come too late to say anything: then with a later end.
  for (let validMs = 1_000; ; validMs *= 3) {
    const expiresAtMs = Date.now() + validMs;
    const { secret } = await product.createKey({ expiresAt: new Date(expiresAtMs).toISOString() });
    const ask = async () =>
      (await post(JSON.stringify({ query: '{ viewer { permissions } }' }), { authorization: `Bearer ${secret}` })).status;
    const status = await ask();
    if (Date.now() >= expiresAtMs) continue;
    expect(status).toBe(200);
    while (Date.now() < expiresAtMs + 1) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await ask()).toBe(401);
    return;
  }
});

test('a key that expires before it begins is refused', async () => {
  const answer = await product.client.query(CREATE_API_KEY, { input: { name: 'late', expiresAt: '2001-01-01T00:00:00Z' } });
  expect(answer.data).toMatchObject({ createApiKey: { __typename: 'InvalidRequest', problems: [{ path: 'expiresAt' }] } });
});

test('a body of 20 MB is 413', async () => {
  const { status, body } = await post(JSON.stringify({ query: '{ __typename }', variables: { blob: 'x'.repeat(20_000_000) } }));
  expect(status).toBe(413);
  expect(body.errors[0]?.extensions).toMatchObject({ code: expect.any(String), requestId: expect.any(String) });
});

test('malformed JSON is 400 and BAD_USER_INPUT', async () => {
  const { status, body } = await post('{"query": "{ viewer');
  expect(status).toBe(400);
  expect(body.errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', requestId: expect.any(String) });
});

test('an unknown GraphQL field is GRAPHQL_VALIDATION_FAILED', async () => {
  const { status, body } = await post(JSON.stringify({ query: '{ viewer { shoeSize } }' }));
  expect(status).toBe(400);
  expect(body.errors[0]?.message).toContain('shoeSize');
  expect(body.errors[0]?.extensions).toMatchObject({ code: 'GRAPHQL_VALIDATION_FAILED' });
});

test('an unknown input field is refused, not ignored', async () => {
  const answer = await product.client.query(COMPLETE, { input: { model: 'words', messages: [USER], budget: '3' } });
  expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
});

test('a mutation over WebSocket without a key is UNAUTHENTICATED, and the socket stays', async () => {
  const socket = product.clientWith(null).openSocket();
  try {
    for (let round = 0; round < 2; round += 1) {
      const events = await socket.collect(COMPLETE, { input: { model: 'words', messages: [USER] } });
      expect(events.errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED', requestId: expect.any(String) });
    }
    expect(socket.closedWith).toBeNull();
  } finally {
    await socket.dispose();
  }
});

test('after all of that the process answers as before', async () => {
  expect(await complete({ model: 'words', messages: [USER] })).toMatchObject({
    __typename: 'Completion',
    status: 'SUCCEEDED',
    text: 'Hello there.',
  });
  expect(product.logs.filter((line) => line.includes('"level":50') || line.includes('"level":60'))).toEqual([]);
});
