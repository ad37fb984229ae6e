import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GOOD_KEY, startFixture, type Answer, type Fixture } from './fixture.js';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});

afterAll(async () => {
  await fixture.server.close();
});

const ask = (query: string, headers?: Record<string, string>) => fixture.post(JSON.stringify({ query }), headers);

describe('who asks', () => {
  test.each([
    ['authorization', { authorization: `Bearer ${GOOD_KEY}` }],
    ['authorization in any case', { authorization: `bEaReR  ${GOOD_KEY}` }],
    ['x-api-key', { authorization: '', 'x-api-key': GOOD_KEY }],
    ['x-api-key beside a proxy’s own authorization', { authorization: 'Basic dTpw', 'x-api-key': GOOD_KEY }],
  ])('a key in %s is taken', async (_name, headers) => {
    const { status, body } = await ask('{ hello }', headers);
    expect({ status, data: body.data }).toEqual({ status: 200, data: { hello: 'world' } });
  });

  test('a key in the URL is not taken', async () => {
    const { status, body } = await fetchJson(`${fixture.graphqlUrl}?query={hello}&key=${GOOD_KEY}&x-api-key=${GOOD_KEY}`, {
      headers: { 'apollo-require-preflight': '1' },
    });
    expect(status).toBe(401);
    expect(codeOf(body)).toBe('UNAUTHENTICATED');
  });

  test('K1 keys that are nonsense are 401, typed, and no other than each other', async () => {
    for (const key of ["' OR 1=1--", '%', 'gp_%00', 'ключ'.normalize(), 'x'.repeat(10_000)]) {
      const { status, body } = await ask('{ hello }', { authorization: `Bearer ${encodeURI(key)}` });
      expect(status).toBe(401);
      expect(body).toEqual({
        errors: [
          {
            message: 'The API key is unknown, expired or revoked.',
            extensions: { code: 'UNAUTHENTICATED', requestId: expect.any(String) },
          },
        ],
      });
    }
  });

  test('an authorization that is no bearer token is a bad key, not nobody', async () => {
    const { status, body } = await ask('{ __typename }', { authorization: 'Basic dTpw' });
    expect(status).toBe(401);
    expect(codeOf(body)).toBe('UNAUTHENTICATED');
  });

  test('without a key what is open to all works, the rest is 401', async () => {
    const open = await ask('{ __typename }', { authorization: '' });
    expect(open.body).toEqual({ data: { __typename: 'Query' } });
    const closed = await ask('{ hello }', { authorization: '' });
    expect(closed.status).toBe(401);
    expect(codeOf(closed.body)).toBe('UNAUTHENTICATED');
  });

  test('D2 a database that is away is 503 with Retry-After, never 401; known keys work', async () => {
    fixture.keys.away = true;
    try {
      const { status, headers, body } = await ask('{ hello }', { authorization: 'Bearer gp_unknown' });
      expect(status).toBe(503);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(codeOf(body)).toBe('SERVICE_UNAVAILABLE');
      expect((await ask('{ hello }')).status).toBe(200);
    } finally {
      fixture.keys.away = false;
    }
  });

  test('a bad key is refused before its body is read', async () => {
    const response = await fetch(fixture.graphqlUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer no' },
      body: '{"query',
    });
    expect(response.status).toBe(401);
  });
});

describe('statuses', () => {
  test.each([
    ['a syntax error', '{ hello', 400, 'GRAPHQL_VALIDATION_FAILED'],
    ['an unknown field', '{ nonsense }', 400, 'GRAPHQL_VALIDATION_FAILED'],
    ['a field that must not be null, forbidden', '{ forbidden }', 403, 'FORBIDDEN'],
    ['a field that must not be null, unavailable', '{ away }', 503, 'SERVICE_UNAVAILABLE'],
    ['two operations and no name', 'query A { hello } query B { hello }', 400, 'BAD_USER_INPUT'],
  ])('%s', async (_name, query, status, code) => {
    const answer = await ask(query);
    expect(answer.status).toBe(status);
    expect(codeOf(answer.body)).toBe(code);
    expect(answer.body.data ?? null).toBeNull();
    expect(answer.body.errors?.[0]?.extensions.requestId).toBe(answer.headers.get('x-request-id'));
  });

  test('503 of a resolver tells when to come back', async () => {
    const { headers } = await ask('{ away }');
    expect(headers.get('retry-after')).toBe('5');
  });

  test('a wrong variable is 400 and BAD_USER_INPUT', async () => {
    const { status, body } = await fixture.post(
      JSON.stringify({ query: 'query ($v: Int!) { echo(value: $v) }', variables: { v: 'three' } }),
    );
    expect(status).toBe(400);
    expect(codeOf(body)).toBe('BAD_USER_INPUT');
  });

  test('200 once there is data, errors beside it', async () => {
    const { status, body } = await ask('{ hello partly }');
    expect(status).toBe(200);
    expect(body.data).toEqual({ hello: 'world', partly: null });
    expect(codeOf(body)).toBe('FORBIDDEN');
  });

  test('what is not meant for callers is masked, without a stack', async () => {
    const response = await fetch(fixture.graphqlUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${GOOD_KEY}` },
      body: JSON.stringify({ query: '{ fail }' }),
    });
    const text = await response.text();
    expect(text).not.toMatch(/secret detail|\.ts|\.js|stack/);
    expect(codeOf(JSON.parse(text) as Answer)).toBe('INTERNAL');
  });

  test.each([
    ['malformed JSON', '{"query": "{ viewer', 400],
    ['an empty body', '', 400],
    ['a list', '[{"query":"{ hello }"}]', 400],
    ['a number', '7', 400],
    ['no query', '{}', 400],
    ['a query that is no string', '{"query": 7}', 400],
    ['variables that are no object', '{"query": "{ hello }", "variables": "x"}', 400],
    ['variables that are a list', '{"query": "{ hello }", "variables": []}', 400],
    ['an operation name that is no string', '{"query": "{ hello }", "operationName": 1}', 400],
    ['extensions that are no object', '{"query": "{ hello }", "extensions": 1}', 400],
    ['a poisoned prototype', '{"query": "{ hello }", "__proto__": {"a": 1}}', 400],
  ])('%s is refused, typed', async (_name, text, status) => {
    const answer = await fixture.post(text);
    expect(answer.status).toBe(status);
    expect(codeOf(answer.body)).toBe('BAD_USER_INPUT');
    expect(answer.body.errors?.[0]?.extensions.requestId).toBe(answer.headers.get('x-request-id'));
  });

  test('null fields are as absent ones', async () => {
    const { body } = await fixture.post('{"query": "{ hello }", "variables": null, "operationName": null, "extensions": null}');
    expect(body).toEqual({ data: { hello: 'world' } });
  });

  test('a client that tries a persisted query first is told in its own words', async () => {
    const { status, body } = await fixture.post('{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "00"}}}');
    expect(status).toBe(400);
    expect(body.errors?.[0]?.message).toBe('PersistedQueryNotSupported');
  });

  test('a body of 20 MB is 413, with and without its length told', async () => {
    const text = JSON.stringify({ query: '{ __typename }', variables: { blob: 'x'.repeat(20_000_000) } });
    const told = await fixture.post(text);
    expect(told.status).toBe(413);
    expect(codeOf(told.body)).toBe('BAD_USER_INPUT');
    const untold = await postChunked(text);
    expect(untold.status).toBe(413);
    expect((await ask('{ hello }')).status).toBe(200);
  });

  test('headers beyond all bounds are refused, typed', async () => {
    const { status, body } = await ask('{ hello }', { authorization: `Bearer ${'x'.repeat(200_000)}` });
    expect(status).toBe(431);
    expect(codeOf(body)).toBe('BAD_USER_INPUT');
  });

  test('another path is 404, another method 405, both typed', async () => {
    const lost = await fetchJson(`${fixture.url}/nowhere`, {});
    expect(lost.status).toBe(404);
    expect(codeOf(lost.body)).toBe('NOT_FOUND');
    const wrong = await fetchJson(fixture.graphqlUrl, { method: 'DELETE' });
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toContain('POST');
  });
});

describe('GET', () => {
  const get = (search: string, headers: Record<string, string> = { 'apollo-require-preflight': '1' }) =>
    fetchJson(`${fixture.graphqlUrl}?${search}`, { headers: { authorization: `Bearer ${GOOD_KEY}`, ...headers } });

  test('runs a query', async () => {
    const { status, body } = await get(`query=${encodeURIComponent('query ($v: Int!) { echo(value: $v) }')}&variables={"v":3}`);
    expect({ status, body }).toEqual({ status: 200, body: { data: { echo: 3 } } });
  });

  test('refuses a mutation, and does not run it', async () => {
    const before = fixture.api.touched();
    const { status, headers, body } = await get('query=mutation{touch}');
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('POST');
    expect(codeOf(body)).toBe('BAD_USER_INPUT');
    expect(fixture.api.touched()).toBe(before);
  });

  test('refuses variables that are not JSON, and fields given twice', async () => {
    expect((await get('query={hello}&variables=x')).status).toBe(400);
    expect((await get('query={hello}&query={hello}')).status).toBe(400);
  });

  test('that a foreign page could send by itself is refused', async () => {
    const { status, body } = await get('query={hello}', {});
    expect(status).toBe(400);
    expect(body.errors?.[0]?.message).toContain('Cross-Site Request Forgery');
    expect(body.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', requestId: expect.any(String) });
  });

  test('by a browser that only opens it leads to GraphiQL', async () => {
    const response = await fetch(fixture.graphqlUrl, { headers: { accept: 'text/html' }, redirect: 'manual' });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/graphiql');
  });
});

describe('other pages and origins', () => {
  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'a POST as %s does not run',
    async (type) => {
      const before = fixture.api.touched();
      const { status, body } = await fixture.post('{"query":"mutation { touch }"}', { 'content-type': type });
      expect([400, 415]).toContain(status);
      expect(codeOf(body)).toBe('BAD_USER_INPUT');
      expect(fixture.api.touched()).toBe(before);
    },
  );

  test('a configured origin may call, another gets no leave', async () => {
    const allowed = await ask('{ hello }', { origin: 'https://app.example.com' });
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    expect(allowed.headers.get('vary')).toContain('origin');
    const foreign = await ask('{ hello }', { origin: 'https://evil.example.com' });
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('the same origin may call', async () => {
    const { headers } = await ask('{ hello }', { origin: fixture.url });
    expect(headers.get('access-control-allow-origin')).toBe(fixture.url);
  });

  test('a refusal carries the leave too, or a page could not read it', async () => {
    const { status, headers } = await ask('{ hello }', { origin: 'https://app.example.com', authorization: 'Bearer no' });
    expect(status).toBe(401);
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example.com');
  });

  test('a preflight names methods and headers, for known origins only', async () => {
    const preflight = (origin: string) =>
      fetch(fixture.graphqlUrl, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });
    const known = await preflight('https://app.example.com');
    expect(known.status).toBe(204);
    expect(known.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(known.headers.get('access-control-allow-methods')).toContain('POST');
    const unknown = await preflight('https://evil.example.com');
    expect(unknown.headers.get('access-control-allow-methods')).toBeNull();
  });
});

describe('request ids', () => {
  test('a caller’s own is taken and returned', async () => {
    const { headers, body } = await ask('{ requestId }', { 'x-request-id': 'my-trace 42' });
    expect(headers.get('x-request-id')).toBe('my-trace 42');
    expect(body.data).toEqual({ requestId: 'my-trace 42' });
  });

  test.each([
    ['none', ''],
    ['one too long', 'x'.repeat(129)],
    ['one not printable', 'caf\u00e9'],
  ])('%s is replaced by a new one', async (_name, given) => {
    const { headers } = await ask('{ hello }', given === '' ? {} : { 'x-request-id': given });
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
  });
});

test('S24 a caller that closes the connection aborts what runs, at once', async () => {
  const leaving = new AbortController();
  const waiting = fixture.api.nextWaiting();
  const asked = fetch(fixture.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${GOOD_KEY}` },
    body: '{"query":"mutation { waiting }"}',
    signal: leaving.signal,
  });
  const { gone, signal } = await waiting;
  expect(signal.aborted).toBe(false);
  leaving.abort();
  await expect(asked).rejects.toThrow();
  expect((await gone).reason).toBe('left');
});

test('an answered request never aborts its signal', async () => {
  const { body } = await ask('{ hello requestId }');
  expect(body.errors).toBeUndefined();
});

test('a document is parsed once for all requests, and not again by Apollo', async () => {
  const before = fixture.api.parsed();
  for (let round = 0; round < 5; round += 1) await ask('query ParsedOnce { hello }');
  expect(fixture.api.parsed()).toBe(before + 1);
});

test('logs name the request, and hold no header, no body and no key', async () => {
  await ask('{ hello }', { 'x-request-id': 'logged-request' });
  const line = fixture.logger.lines.find(({ fields }) => 'requestId' in fields && fields.requestId === 'logged-request');
  expect(line?.fields).toMatchObject({ method: 'POST', route: '/graphql', status: 200 });
  expect(JSON.stringify(fixture.logger.lines)).not.toMatch(/gp_good|hello/);
});

function codeOf(body: Answer): string | undefined {
  return body.errors?.[0]?.extensions.code;
}

async function fetchJson(url: string, init: RequestInit): Promise<{ status: number; headers: Headers; body: Answer }> {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer };
}

/** Without content-length: the limit is met while the body comes. */
function postChunked(text: string): Promise<{ status: number | undefined }> {
  return new Promise((resolve, reject) => {
    const sending = httpRequest(
      fixture.graphqlUrl,
      { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${GOOD_KEY}` } },
      (response) => {
        response.resume();
        resolve({ status: response.statusCode });
      },
    );
    sending.on('error', reject);
    for (let start = 0; start < text.length; start += 1_000_000) sending.write(text.slice(start, start + 1_000_000));
    sending.end();
  });
}
