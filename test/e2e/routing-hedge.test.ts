import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bookedRow } from '../kit/books.js';
import type { Row } from '../kit/books.js';
import type { GraphqlSocket } from '../kit/graphql-client.js';
import { COMPLETE } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { PUBLISH_ROUTE, serveTwo } from '../kit/routing.js';
import { startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream } from '../kit/scripted-upstream.js';
import { streamAll, terminalOf, textOf } from '../kit/streams.js';

let product: TestProduct;
let second: ScriptedUpstream;
let socket: GraphqlSocket;

beforeAll(async () => {
  product = await startProduct();
  second = await startScriptedUpstream();
  socket = product.client.openSocket();
});

afterAll(async () => {
  await product.stop();
  await second.close();
});

const input = (model: string) => ({ model, messages: [{ role: 'USER', text: 'hello' }] });

async function complete(model: string): Promise<{ id: string; text: string }> {
  const { data } = await product.client.query<{ complete: { id: string; text: string } }>(COMPLETE, { input: input(model) });
  return data!.complete;
}

async function stream(model: string, key: string): Promise<{ id: string; text: string }> {
  const events = await streamAll(socket, { input: input(model), key });
  return { id: terminalOf(events).completion!.id, text: textOf(events) };
}

test.each([
  ['a unary call', 'unary', complete],
  ['a stream', 'stream', stream],
] as const)('%s is answered by a second target where the first is slow; both stand in the row', async (_, name, call) => {
  const { first, second: other } = await serveTwo(product, { name, first: product.upstream, second });
  // Where the extra load allows no hedge just now, the first target's time is soon over.
  const nodes = [{ target: { deployment: first, timeoutMs: 8_000 } }, { target: { deployment: other } }];
  const hedge = { afterPercentile: 95, maxExtraLoad: 0.5 };
  await mutate(product.client, PUBLISH_ROUTE, { slug: `hedged-${name}`, definition: { fallback: { nodes, hedge } } });
  for (let index = 0; index < 14; index += 1) await call(`hedged-${name}`, `${name} ${index}`);

  let row: Row | null = null;
  for (let tries = 0; tries < 3 && row?.attempts[0]?.['status'] !== 'CANCELLED'; tries += 1) {
    const before = product.upstream.requests.length;
    product.upstream.respondOnce(({ stall }) => stall());
    const { id, text } = await call(`hedged-${name}`, `${name} slow ${tries}`);
    expect(text).toBe('Hello there.');
    await product.upstream.requests[before]!.aborted;
    row = await bookedRow(product.database.url, id);
  }
  expect(row).toMatchObject({
    status: 'SUCCEEDED',
    attempts: [
      // Ended by us: the prompt was taken, so it is billed as estimated.
      { index: 0, status: 'CANCELLED', failure: null, usage_source: 'ESTIMATED' },
      { index: 1, status: 'SUCCEEDED', usage_source: 'REPORTED' },
    ],
  });
  const { steps } = row!['routing'] as { steps: readonly { kind: string; outcome: string }[] };
  expect(steps.at(-1)).toMatchObject({ kind: 'HEDGE', outcome: expect.stringContaining(`${other} after`) });
});

test('bounds of a hedge are checked at publication', async () => {
  const { first, second: other } = await serveTwo(product, { name: 'bounds', first: product.upstream, second });
  const nodes = [{ target: { deployment: first } }, { target: { deployment: other } }];
  const problems = async (hedge: object) => {
    const answer = await product.client.query<{ publishRoute: { problems?: { path: string }[] } }>(PUBLISH_ROUTE, {
      input: { slug: 'bounds-route', definition: { fallback: { nodes, hedge } } },
    });
    return answer.data?.publishRoute.problems?.map(({ path }) => path);
  };
  expect(await problems({ afterPercentile: 49 })).toEqual(['definition.fallback.hedge.afterPercentile']);
  expect(await problems({ maxExtraLoad: 0.6 })).toEqual(['definition.fallback.hedge.maxExtraLoad']);
  expect(await problems({})).toBeUndefined();
});
