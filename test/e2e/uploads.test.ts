import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { bookedRow } from '../kit/books.js';
import { FORM_TYPE, formBytes, postForm, uploadParts } from '../kit/forms.js';
import { CREATE_DEPLOYMENT, CREATE_MODEL, CREATE_PROVIDER } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { PUBLISH_ROUTE } from '../kit/routing.js';
import { createGate } from '../kit/scripted-upstream.js';

const MEBIBYTE = 1024 * 1024;
const QUERY = /* GraphQL */ `
  mutation ($input: TranscribeInput!, $key: String) {
    transcribe(input: $input, idempotencyKey: $key) {
      __typename
      ... on Transcription {
        id
        text
        cost {
          total {
            amount
          }
        }
        routing {
          attempts {
            status
          }
        }
      }
      ... on UserError {
        code
      }
      ... on InvalidRequest {
        problems {
          path
          message
        }
      }
    }
  }
`;

/** Much is set up, and much is sent. */
const LIMIT_MS = 240_000;

let product: TestProduct;
let vast: Awaited<ReturnType<typeof startVastUpstream>>;

beforeAll(async () => {
  product = await startProduct();
  vast = await startVastUpstream();
  const price = { effectiveFrom: '2020-01-01T00:00:00Z', tiers: [{ rates: [{ component: 'SECOND', amount: '0.36', per: 3_600 }] }] };
  await mutate(product.client, CREATE_MODEL, { slug: 'ears', vendor: 'test', operations: ['TRANSCRIPTION'], capabilities: [], price });
  for (const [provider, baseUrl] of [['first', product.upstream.baseUrl], ['second', product.upstream.baseUrl], ['vast', vast.baseUrl]]) // prettier-ignore
    await mutate(product.client, CREATE_PROVIDER, { slug: provider, wireFormat: 'OPENAI_CHAT', baseUrl, allowPrivateNetwork: true, credential: { apiKey: 'sk-upstream-0123456789' } }); // prettier-ignore
  for (const provider of ['first', 'second', 'vast'])
    await mutate(product.client, CREATE_DEPLOYMENT, { provider, model: 'ears', slug: `ears.${provider}` });
  const once = (name: string) => ({ target: { deployment: `ears.${name}`, maxAttempts: 1 } });
  await mutate(product.client, PUBLISH_ROUTE, { slug: 'both', definition: { fallback: { nodes: [once('first'), once('second')] } } });
  await mutate(product.client, PUBLISH_ROUTE, { slug: 'vast', definition: once('vast') });
}, LIMIT_MS);

afterAll(async () => {
  await vast.close();
  await product.stop();
});

interface Answered {
  readonly __typename: string;
  readonly id: string;
  readonly code?: string;
  readonly problems?: readonly { readonly path: string }[];
}

async function upload(
  content: string | Uint8Array,
  fields: object = {},
  { key, ...part }: { key?: string; filename?: string; type?: string } = {},
) {
  const operations = { query: QUERY, variables: { input: { model: 'both', file: null, ...fields }, key } };
  const answer = await postForm({ url: product.url, key: product.adminKey }, formBytes(uploadParts(operations, { content, ...part }, 'variables.input.file'))); // prettier-ignore
  const answered = answer.data?.['transcribe'];
  if (!answered) throw new Error(JSON.stringify(answer));
  return answered as Answered;
}

const heard = { text: 'Good morning.', duration: 1.5 };
const SECRET = 'RIFF said in confidence, \r\n-- and not kept';

test('reaches the provider as it is, counts for its key by its bytes, and is stored nowhere', async () => {
  product.upstream.respondOnce(({ json }) => json(200, heard));
  const answered = await upload(SECRET, {}, { key: 'recording-1' });
  expect(answered).toMatchObject({ __typename: 'Transcription', text: 'Good morning.', cost: { total: { amount: '0.0002' } } });
  const { body, headers } = await product.upstream.nextRequest();
  const form = new RegExp(`name="file"; filename="heron.wav"\r\ncontent-type: audio/wav\r\n\r\n${SECRET}\r\n--`);
  expect(body).toMatch(form);
  expect(Number(headers['content-length'])).toBe(Buffer.byteLength(body));
  const audio = { base64: Buffer.from(SECRET).toString('base64'), name: 'heron.wav', mimeType: 'audio/wav' };
  const again = await product.client.query<{ transcribe: Answered }>(QUERY, { input: { model: 'both', audio }, key: 'recording-1' });
  expect(again.data?.transcribe.id).toBe(answered.id);
  expect(await upload(`${SECRET}!`, {}, { key: 'recording-1' })).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
  expect(product.upstream.requests).toHaveLength(1);
  await bookedRow(product.database.url, answered.id);
  expect(await tablesThatHold([SECRET, audio.base64.slice(4, -4), Buffer.from(SECRET).toString('hex')])).toEqual([]);
});

test('is there again for the next target, where the first fails', async () => {
  product.upstream.respondOnce(({ json }) => json(503, { error: { message: 'busy' } }));
  product.upstream.respondOnce(({ json }) => json(200, heard));
  const answered = await upload('RIFF twice');
  expect(answered).toMatchObject({ routing: { attempts: [{ status: 'FAILED' }, { status: 'SUCCEEDED' }] } });
  const [first, second] = [await product.upstream.nextRequest(), await product.upstream.nextRequest()];
  expect(first.body).toContain('RIFF twice');
  expect(second.body).toBe(first.body);
});

test('what is wrong with it is told with its path', async () => {
  const paths = (answered: Answered) => [answered.code, answered.problems?.map(({ path }) => path)];
  expect(paths(await upload('RIFF', { audio: { base64: 'UklGRg==' } }))).toEqual(['INVALID_REQUEST', ['file']]);
  expect(paths(await upload(''))).toEqual(['INVALID_REQUEST', ['file']]);
  expect(paths(await upload('RIFF', {}, { type: 'sound', filename: 'x'.repeat(300) }))).toEqual(['INVALID_REQUEST', ['file.name', 'file.mimeType']]); // prettier-ignore
  const { data } = await product.client.query<{ transcribe: Answered }>(QUERY, { input: { model: 'both' } });
  expect(data && paths(data.transcribe)).toEqual(['INVALID_REQUEST', ['audio']]);
});

test(
  'its bytes are in memory once while it is asked for, and not at all once it is answered',
  async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const held = () => {
      for (let round = 0; round < 3; round += 1) collect();
      return process.memoryUsage().arrayBuffers;
    };
    await vast.ask({ megabytes: 1 });
    const before = held();
    const { whileAsked, typename } = await vast.ask({ megabytes: 24, key: 'vast-1', held });
    expect(typename).toBe('Transcription');
    expect((whileAsked - before) / (24 * MEBIBYTE)).toBeGreaterThan(0.9);
    expect((whileAsked - before) / (24 * MEBIBYTE)).toBeLessThan(1.25);
    // Its books are written behind the answer.
    while ((held() - before) / (24 * MEBIBYTE) > 0.2) await delay(50);
  },
  LIMIT_MS,
);

/** Names of tables of which a row, as text, has any of the words in it. */
async function tablesThatHold(words: readonly string[]): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: product.database.url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
    );
    expect(rows.length).toBeGreaterThan(10);
    const holds = async ({ name }: { name: string }) => {
      const found = await client.query(`SELECT 1 FROM ${name} AS held WHERE EXISTS (SELECT FROM unnest($1::text[]) AS word WHERE strpos(held::text, word) > 0) LIMIT 1`, [words]); // prettier-ignore
      return found.rows.length > 0 ? [name] : [];
    };
    const tables: string[] = [];
    for (const row of rows) tables.push(...(await holds(row)));
    return tables;
  } finally {
    await client.end();
  }
}

/** An upstream and a sender that keep nothing themselves of what goes through them. */
async function startVastUpstream() {
  const gate = { reached: createGate(), leave: createGate() };
  const server = createServer((request, response) => {
    request.on('data', () => undefined);
    request.on('end', () => {
      gate.reached.open();
      void gate.leave.opened.then(() => response.end(JSON.stringify(heard)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const ask = async ({ megabytes, key, held = () => 0 }: { megabytes: number; key?: string; held?: () => number }) => {
    Object.assign(gate, { reached: createGate(), leave: createGate() });
    const operations = { query: QUERY, variables: { input: { model: 'vast', file: null }, key } };
    const answered = sendZeros(megabytes, uploadParts(operations, { content: '' }, 'variables.input.file'));
    await Promise.race([gate.reached.opened, answered]);
    const whileAsked = held();
    gate.leave.open();
    return { whileAsked, typename: (await answered).data.transcribe.__typename };
  };
  const close = () => new Promise((resolve) => server.close(resolve).closeAllConnections());
  return { baseUrl, ask, close };
}

async function sendZeros(megabytes: number, parts: Parameters<typeof formBytes>[0]) {
  const whole = formBytes(parts);
  const tail = whole.lastIndexOf('\r\n------');
  const headers = { authorization: `Bearer ${product.adminKey}`, 'content-type': FORM_TYPE, 'apollo-require-preflight': '1' };
  const zeros = Buffer.alloc(64 * 1024);
  return new Promise<{ data: { transcribe: Answered } }>((resolve, reject) => {
    const request = httpRequest(`${product.url}/graphql`, { method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(JSON.parse(text) as { data: { transcribe: Answered } }));
    });
    request.on('error', reject);
    request.write(whole.subarray(0, tail));
    let left = megabytes * 16;
    const more = () => {
      while (left > 0 && request.write(zeros)) left -= 1;
      if (left > 0) {
        left -= 1;
        request.once('drain', more);
      } else request.end(whole.subarray(tail));
    };
    more();
  });
}
