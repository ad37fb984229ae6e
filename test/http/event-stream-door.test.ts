import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GOOD_KEY, startFixture, type Fixture } from './fixture.js';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});

afterAll(async () => {
  await fixture.server.close();
});

const open = (query: string, headers: Record<string, string> = {}, signal?: AbortSignal) =>
  fetch(fixture.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${GOOD_KEY}`, ...headers },
    body: JSON.stringify({ query }),
    ...(signal ? { signal } : {}),
  });

describe('the wire', () => {
  test('begins with a comment, has one event a result, and ends with complete', async () => {
    const response = await open('subscription { ticks(count: 2) }');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toContain('no-cache');
    expect(response.headers.get('x-request-id')).toBeTruthy();
    expect(await response.text()).toBe(
      ':\n\nevent: next\ndata: {"data":{"ticks":0}}\n\nevent: next\ndata: {"data":{"ticks":1}}\n\nevent: complete\ndata:\n\n',
    );
  });

  test('a query and a mutation are one event', async () => {
    expect(await (await open('{ hello }')).text()).toContain('event: next\ndata: {"data":{"hello":"world"}}\n\nevent: complete');
    expect(await (await open('mutation { touch }')).text()).toMatch(/data: {"data":{"touch":\d+}}/);
  });

  test('a client of the protocol reads it', async () => {
    const ticks: unknown[] = [];
    for await (const { data } of fixture.client().events<{ ticks: number }>('subscription { ticks(count: 3) }')) ticks.push(data?.ticks);
    expect(ticks).toEqual([0, 1, 2]);
  });

  test('GET does for a query only', async () => {
    const get = (query: string) =>
      fetch(`${fixture.graphqlUrl}?query=${encodeURIComponent(query)}`, {
        headers: { accept: 'text/event-stream', authorization: `Bearer ${GOOD_KEY}` },
      });
    expect(await (await get('{ hello }')).text()).toContain('"hello":"world"');
    expect(await (await get('subscription { ticks(count: 1) }')).text()).toContain('BAD_USER_INPUT');
    const before = fixture.api.touched();
    const refused = await (await get('mutation { touch }')).text();
    expect(refused).toContain('BAD_USER_INPUT');
    expect(fixture.api.touched()).toBe(before);
  });
});

describe('refusals', () => {
  test.each([
    ['a key that is bad', { authorization: 'Bearer no' }, 401, 'UNAUTHENTICATED'],
    ['a body that is not JSON', { 'content-type': 'text/plain' }, 415, 'BAD_USER_INPUT'],
  ])('%s is answered as by the JSON door', async (_name, headers, status, code) => {
    const response = await open('{ hello }', headers);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code, requestId: expect.any(String) } }] });
  });

  test('D2 a database that is away is 503 with Retry-After', async () => {
    fixture.keys.away = true;
    const response = await open('{ hello }', { authorization: 'Bearer gp_unknown' });
    fixture.keys.away = false;
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBeTruthy();
  });

  test('what the guard or a resolver refuses is an event with its code and the request’s id', async () => {
    for (const [query, code] of [
      ['{ nonsense }', 'GRAPHQL_VALIDATION_FAILED'],
      ['subscription { refused }', 'NOT_FOUND'],
      ['subscription { breaks }', 'EVENTS_EXPIRED'],
      ['{ fail }', 'INTERNAL'],
    ] as const) {
      const response = await open(query);
      const text = await response.text();
      expect(text).toContain(`"code":"${code}"`);
      expect(text).toContain(`"requestId":"${response.headers.get('x-request-id')}"`);
      expect(text).toMatch(/event: complete\ndata:\n\n$/);
      expect(text).not.toMatch(/secret detail|stack/);
    }
  });
});

describe('G1 an end reaches a silent stream at once', () => {
  test('by leaving', async () => {
    const leaving = new AbortController();
    const response = await open('subscription { silent }', {}, leaving.signal);
    const stream = await fixture.api.nextSilent();
    leaving.abort();
    await stream.returned;
    expect(stream.signal.reason).toMatchObject({ reason: 'left' });
    await expect(response.text()).rejects.toThrow();
  });

  test('by leaving before the first result of a mutation', async () => {
    const leaving = new AbortController();
    await open('mutation { waiting }', {}, leaving.signal);
    const { gone } = await fixture.api.nextWaiting();
    leaving.abort();
    expect((await gone).reason).toBe('left');
  });

  test('G5 by the key’s end, which is told', async () => {
    fixture.keys.add('gp_short');
    const response = await open('subscription { silent }', { authorization: 'Bearer gp_short' });
    const stream = await fixture.api.nextSilent();
    fixture.keys.revoke('gp_short');
    await stream.returned;
    expect(stream.signal.reason).toMatchObject({ reason: 'revoked' });
    const text = await response.text();
    expect(text).toContain('UNAUTHENTICATED');
    expect(text).toMatch(/event: complete\ndata:\n\n$/);
  });
});

test('a reader that stops holds the writer up, and gets all of it when it goes on', async () => {
  const [COUNT, BYTES] = [120, 500_000];
  // What the kernel's buffers on both sides may take; a writer that waits for nobody is past it before the first byte has come.
  const MOST_AHEAD = 40_000_000;
  const response = await new Promise<IncomingMessage>((resolve) => {
    const sending = httpRequest(
      fixture.graphqlUrl,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${GOOD_KEY}` },
      },
      resolve,
    );
    sending.end(JSON.stringify({ query: `subscription { flood(count: ${COUNT}, bytes: ${BYTES}) }` }));
  });
  let bytes = 0;
  let mostAhead = fixture.api.flooded() * BYTES;
  for await (const chunk of response) {
    bytes += (chunk as Buffer).length;
    mostAhead = Math.max(mostAhead, fixture.api.flooded() * BYTES - bytes);
  }
  expect(bytes).toBeGreaterThan(COUNT * BYTES);
  expect(fixture.api.flooded()).toBe(COUNT);
  expect(mostAhead).toBeLessThan(MOST_AHEAD);
});
