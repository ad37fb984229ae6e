import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { COMPLETE, START_COMPLETION, STREAM_COMPLETION } from '../kit/operations.js';
import { startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';

let product: TestProduct;

beforeAll(async () => {
  product = await startProduct();
  await product.serve({ slug: 'words', rates: { INPUT: '1', OUTPUT: '2' } });
});

afterAll(() => product.stop());

const BURST = 250;
const SOCKETS = 10;
const inputOf = (text: string) => ({ model: 'words', messages: [{ role: 'USER', text }] });

async function asked(document: string, key: string | null): Promise<unknown> {
  const variables = { input: inputOf(String(key)), key };
  const { data, errors } = await product.client.query<Record<string, { status?: string; code?: string }>>(document, variables);
  const [result] = Object.values(data ?? {});
  return result?.status ?? result?.code ?? errors?.[0]?.extensions['code'];
}

test(`${BURST} keyed calls at once, half of them streams, each with a key of its own: all end well, each after one upstream call`, async () => {
  // The pool's connections are there: while a busy machine takes in a burst, opening one could take longer than it may.
  const first = await Promise.all(Array.from({ length: 30 }, (_, index) => asked(COMPLETE, `first-${index}`)));
  expect(new Set(first)).toEqual(new Set(['SUCCEEDED']));
  const before = product.upstream.requests.length;
  const sockets = Array.from({ length: SOCKETS }, () => product.client.openSocket());
  const streamed = async (key: string, index: number): Promise<unknown> => {
    const { data, errors } = await sockets[index % SOCKETS]!.collect(STREAM_COMPLETION, { input: inputOf(key), key });
    return errors?.[0]?.extensions['code'] ?? (JSON.stringify(data.at(-1)).includes('"SUCCEEDED"') ? 'SUCCEEDED' : 'INCOMPLETE');
  };
  const calls = Array.from({ length: BURST }, (_, index) =>
    index % 2 === 0 ? asked(COMPLETE, `key-${index}`) : streamed(`key-${index}`, index),
  );
  const ends = await Promise.all(calls);
  expect(ends).toEqual(ends.map(() => 'SUCCEEDED'));
  expect(product.upstream.requests.length - before).toBe(BURST);
});

test('a burst of startCompletion without keys is announced to all replicas as well', async () => {
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => asked(START_COMPLETION, null)));
  expect(new Set(outcomes)).toEqual(new Set(['RUNNING']));
});
