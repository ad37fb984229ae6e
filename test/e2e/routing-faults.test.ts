import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { GraphqlSocket } from '../kit/graphql-client.js';
import { COMPLETE } from '../kit/operations.js';
import { startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { failOver, serveTwo } from '../kit/routing.js';
import { chatFrame, chatStream, startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream, UpstreamHandler } from '../kit/scripted-upstream.js';
import { streamAll, terminalOf, textOf } from '../kit/streams.js';

/** What the matrix of `routing.test.ts` leaves out: upstreams that are there and slow, and those that stop within an answer. */
let product: TestProduct;
let second: ScriptedUpstream;
let socket: GraphqlSocket;
let routes = 0;

beforeAll(async () => {
  product = await startProduct();
  second = await startScriptedUpstream();
  socket = product.client.openSocket();
});

afterAll(async () => {
  await product.stop();
  await second.close();
});

const REQUESTS = 20;
const LIMIT_MS = 300;
/** What comes slowly, one piece after the other, until the gateway leaves. */
const endless =
  (piece: string): UpstreamHandler =>
  async ({ startStream, send, request }) => {
    const ended = request.ended.then(() => true);
    startStream();
    while (!(await Promise.race([ended, pause(20, false)]))) await send(piece);
  };

async function route(terms: object): Promise<string> {
  routes += 1;
  return (await failOver(product, await serveTwo(product, { name: `f${routes}`, first: product.upstream, second }), terms)).route;
}

const input = (model: string) => ({ model, messages: [{ role: 'USER', text: 'hello' }] });
const calls = () => product.upstream.requests.length + second.requests.length;

async function stream(model: string, index = 0) {
  return streamAll(socket, { input: input(model), key: `${model} ${index}` });
}

/** One after the other until the target has opened, then the others at once. */
async function forEachRequest(run: (index: number) => Promise<void>): Promise<void> {
  for (let index = 0; index < 4; index += 1) await run(index);
  await Promise.all(Array.from({ length: REQUESTS - 4 }, (_, index) => run(index + 4)));
}

describe('the fault matrix, of slow upstreams: where one target is healthy, every call is answered', () => {
  test.each<[string, UpstreamHandler]>([
    ['slow first byte: headers, then nothing', ({ startStream, stall }) => (startStream(), stall())],
    ['drip: comments that never end', endless(': still here\n\n')],
    ['drip: deltas that say nothing', endless(chatFrame({ content: '' }))],
  ])('S29 streamed, %s', async (_, handler) => {
    const model = await route({ firstTokenTimeoutMs: LIMIT_MS });
    product.upstream.respond(handler);
    const before = calls();
    await forEachRequest(async (index) => {
      const events = await stream(model, index);
      expect(terminalOf(events).__typename).toBe('CompletionFinished');
      expect(textOf(events)).toBe('Hello there.');
    });
    expect(calls() - before).toBeLessThanOrEqual(REQUESTS * 1.2);
  });

  test.each<[string, UpstreamHandler]>([
    ['slow first byte: headers, then nothing', ({ startStream, stall }) => (startStream({ 'content-type': 'application/json' }), stall())],
    ['drip: a body that never ends', endless(' ')],
  ])('unary, %s', async (_, handler) => {
    const model = await route({ timeoutMs: LIMIT_MS });
    product.upstream.respond(handler);
    const before = calls();
    await forEachRequest(async () => {
      const answer = await product.client.query<{ complete: { __typename: string } }>(COMPLETE, { input: input(model) });
      expect(answer.data?.complete.__typename).toBe('Completion');
    });
    expect(calls() - before).toBeLessThanOrEqual(REQUESTS * 1.2);
  });

  test('a whole answer that comes byte by byte is a good one: nobody else is asked', async () => {
    const model = await route({});
    product.upstream.respond(({ drip }) => drip(chatStream(['Hello', ' there.']).join('')));
    const before = [product.upstream.requests.length, second.requests.length] as const;
    for (let index = 0; index < 3; index += 1) expect(textOf(await stream(model, index))).toBe('Hello there.');
    expect([product.upstream.requests.length - before[0], second.requests.length - before[1]]).toEqual([3, 0]);
  });
});

describe('S30 after the first content none is switched', () => {
  test.each<[string, UpstreamHandler]>([
    [
      'cut',
      async ({ send, cut }) => {
        await send(chatFrame({ content: 'Hal' }));
        cut();
      },
    ],
    [
      'silent',
      async ({ send, stall }) => {
        await send(chatFrame({ content: 'Hal' }));
        await stall();
      },
    ],
    ['unreadable', ({ stream: say }) => say([chatFrame({ content: 'Hal' }), 'data: {nonsense\n\n'])],
    ['over without its end', ({ stream: say }) => say([chatFrame({ content: 'Hal' })])],
  ])('%s', async (_, handler) => {
    const model = await route({ idleTimeoutMs: LIMIT_MS });
    product.upstream.respond(handler);
    const before = [product.upstream.requests.length, second.requests.length] as const;
    const events = await stream(model);
    expect(terminalOf(events)).toMatchObject({ __typename: 'CompletionFailed', completion: { text: 'Hal', finishReason: 'INCOMPLETE' } });
    expect(textOf(events)).toBe('Hal');
    expect(events.map(({ __typename }) => __typename)).not.toContain('CompletionRerouted');
    expect([product.upstream.requests.length - before[0], second.requests.length - before[1]]).toEqual([1, 0]);
  });
});
