import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GOOD_KEY, startFixture, type Fixture } from './fixture.js';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});

afterAll(async () => {
  await fixture.server.close();
});

/** Through Apollo's pipeline: this `Accept` means the same, but has to be negotiated. */
const NEGOTIATED = 'application/json;q=0.9, */*;q=0.1';
const DATA = 200;

describe('a plain request is answered as Apollo answers it', () => {
  test.each([
    ['data', { query: '{ hello }' }, DATA],
    ['variables', { query: 'query Q($v: Int!) { echo(value: $v) }', variables: { v: 7 } }, DATA],
    ['the operation by its name', { query: 'query A { hello } query B { echo(value: 3) }', operationName: 'B' }, DATA],
    ['data with errors', { query: '{ hello partly }' }, DATA],
    ['a nullable field that broke', { query: '{ fail }' }, DATA],
    ['a required field that may not be read', { query: '{ forbidden }' }, 403],
    ['a part that is away', { query: '{ away }' }, 503],
    ['a variable of another type', { query: 'query Q($v: Int!) { echo(value: $v) }', variables: { v: 'seven' } }, 400],
    ['a variable that is missing', { query: 'query Q($v: Int!) { echo(value: $v) }' }, 400],
  ])('%s', async (_name, body, status) => {
    const sent = JSON.stringify(body);
    const id = { 'x-request-id': 'the-same' };
    const plain = await fixture.post(sent, { ...id, accept: 'application/json' });
    const negotiated = await fixture.post(sent, { ...id, accept: NEGOTIATED });
    expect(plain.status).toBe(status);
    expect(plain.body).toEqual(negotiated.body);
    expect(plain.status).toBe(negotiated.status);
    expect(headersOf(plain.headers)).toEqual(headersOf(negotiated.headers));
  });

  test('a mutation runs once either way', async () => {
    const before = fixture.api.touched();
    await fixture.post('{"query":"mutation { touch }"}', { accept: '*/*' });
    await fixture.post('{"query":"mutation { touch }"}', { accept: NEGOTIATED });
    expect(fixture.api.touched()).toBe(before + 2);
  });

  test('both are counted alike', async () => {
    const counted = async () =>
      /glidepath_graphql_operations_total\{door="http",operation="query",outcome="FORBIDDEN"\} (\d+)/.exec(
        await fixture.metrics.text(),
      )?.[1];
    const before = Number(await counted());
    for (const accept of ['*/*', NEGOTIATED]) await fixture.post('{"query":"{ forbidden }"}', { accept });
    expect(Number(await counted())).toBe(before + 2);
  });
});

describe('what is not plain is negotiated', () => {
  test('the newer media type is answered in itself', async () => {
    const { headers } = await fixture.post('{"query":"{ hello }"}', { accept: 'application/graphql-response+json' });
    expect(headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8');
  });

  test('a type that nobody can answer in is refused, typed', async () => {
    const { status, body } = await fixture.post('{"query":"{ hello }"}', { accept: 'image/png' });
    expect(status).toBe(406);
    expect(body.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  test('a request without Accept is plain', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${GOOD_KEY}` };
      const request = httpRequest(fixture.graphqlUrl, { method: 'POST', headers }, (response) => {
        response.setEncoding('utf8').once('data', resolve);
      });
      request.once('error', reject).end('{"query":"{ hello }"}');
    });
    expect(JSON.parse(answer)).toEqual({ data: { hello: 'world' } });
  });
});

function headersOf(headers: Headers): Record<string, string> {
  const { date: _date, ...rest } = Object.fromEntries(headers);
  return rest;
}
