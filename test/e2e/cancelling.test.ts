import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { bookedRow } from '../kit/books.js';
import { CANCEL_COMPLETION, COMPLETION, STREAM_COMPLETION } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { chatFrame, createGate, DONE, finishFrame, usageFrame } from '../kit/scripted-upstream.js';
import type { Gate, RecordedRequest } from '../kit/scripted-upstream.js';
import { terminalOf, textOf } from '../kit/streams.js';
import type { StreamEvent } from '../kit/streams.js';

let product: TestProduct;
let database: pg.Client;
let users = 0;

beforeAll(async () => {
  product = await startProduct();
  await product.serve({ slug: 'aborted', rates: { INPUT: '1', OUTPUT: '2' } });
  await product.serve({ slug: 'drained', rates: { INPUT: '1', OUTPUT: '2' } });
  const { data } = await product.client.query<{ deployments: { nodes: readonly { id: string }[] } }>(
    '{ deployments(filter: { models: ["drained"] }) { nodes { id } } }',
  );
  const update =
    'mutation ($input: UpdateDeploymentInput!) { updateDeployment(input: $input) { __typename ... on Deployment { onCancel } } }';
  await mutate(product.client, update, { id: data?.deployments.nodes[0]?.id, onCancel: 'DRAIN' });
  database = new pg.Client({ connectionString: product.database.url });
  await database.connect();
});

afterAll(async () => {
  await database.end();
  await product.stop();
});

interface Streaming {
  readonly user: string;
  readonly request: RecordedRequest;
  /** Lets the upstream say the rest. */
  readonly gate: Gate;
  readonly events: readonly StreamEvent[];
  readonly id: string;
  readonly rest: AsyncIterableIterator<{ readonly data?: { readonly streamCompletion: StreamEvent } | null }>;
  drop(): void;
}

const WORDS = ['word 0', ' word 1', ' word 2', ' word 3', ' word 4', ' word 5'];

/** A stream whose reader has six chunks; the upstream has more to say, and its usage. */
async function afterSixChunks(model: string, door: 'socket' | 'events' = 'socket'): Promise<Streaming> {
  const gate = createGate();
  const asked = new Promise<RecordedRequest>((resolve) => {
    product.upstream.respondOnce(async ({ request, send, end }) => {
      resolve(request);
      for (const content of WORDS) await send(chatFrame({ content }));
      await Promise.race([gate.opened, request.aborted]);
      const usage = { prompt_tokens: 5, completion_tokens: 1_400, total_tokens: 1_405 };
      for (const frame of [chatFrame({ content: ' and the rest' }), finishFrame('stop'), usageFrame(usage), DONE]) await send(frame);
      end();
    });
  });
  const user = `user-${(users += 1)}`;
  const variables = { input: { model, user, messages: [{ role: 'USER', text: 'hello' }], onDisconnect: 'CANCEL' }, key: user };
  const socket = product.client.openSocket();
  type Result = { streamCompletion: StreamEvent };
  const reading =
    door === 'socket'
      ? socket.subscribe<Result>(STREAM_COMPLETION, variables)
      : product.client.events<Result>(STREAM_COMPLETION, variables);
  const events: StreamEvent[] = [];
  while (textOf(events) !== WORDS.join('')) {
    const { value } = (await reading.next()) as { value: { data: Result } };
    events.push(value.data.streamCompletion);
  }
  const request = await asked;
  return { user, request, gate, events, rest: reading, id: events[0]!.completionId, drop: () => socket.terminate() };
}

async function cancel(id: string): Promise<unknown> {
  return (await product.client.query<{ cancelCompletion: unknown }>(CANCEL_COMPLETION, { id })).data?.cancelCompletion;
}

/** What the reports say of one caller's calls. */
async function reportOn(user: string): Promise<unknown> {
  const range = { from: new Date(Date.now() - 3_600_000).toISOString(), to: new Date(Date.now() + 3_600_000).toISOString() };
  const document = `query ($range: TimeRangeInput!, $filter: UsageFilter) {
    usage(range: $range, filter: $filter) { totals { requests cancelled attempts cost { amount } tokens { totalInput totalOutput } } }
    costs(range: $range, filter: $filter) { total { amount } }
  }`;
  return (await product.client.query(document, { range, filter: { users: [user] } })).data;
}

async function rowsOf(user: string): Promise<number> {
  const { rows } = await database.query<{ count: number }>('SELECT count(*)::int AS count FROM inference WHERE "user" = $1', [user]);
  return rows[0]?.count ?? 0;
}

describe('S26 a stream that is cancelled after six chunks leaves one row, with its tokens and their cost', () => {
  const ways: Readonly<Record<string, (streaming: Streaming) => Promise<unknown>>> = {
    'by cancelCompletion': ({ id }) => cancel(id),
    'by unsubscribing': async ({ rest }) => rest.return?.(),
    'by a connection that drops': async ({ rest, drop }) => {
      drop();
      await expect(rest.next()).rejects.toBeDefined();
    },
    'by an event stream that is left': async ({ rest }) => rest.return?.(),
  };

  test.each(Object.keys(ways))('S24 S26 %s', async (how) => {
    const streaming = await afterSixChunks('aborted', how.includes('event stream') ? 'events' : 'socket');
    await ways[how]!(streaming);
    await streaming.request.aborted;
    await streaming.request.socketClosed;
    const row = await bookedRow(product.database.url, streaming.id);
    expect(row).toMatchObject({
      status: 'CANCELLED',
      error_code: 'CANCELLED',
      usage_source: 'ESTIMATED',
      attempts: [{ status: 'CANCELLED' }],
    });
    const [input, output, cost] = [Number(row['input']), Number(row['output']), Number(row['cost'])];
    expect(Math.min(input, output)).toBeGreaterThan(0);
    expect(cost).toBeCloseTo((input + 2 * output) / 1_000_000, 12);
    const { data } = await product.client.query<{ completion: { cost: { total: { amount: string } } } }>(COMPLETION, { id: streaming.id });
    const amount = data?.completion.cost.total.amount;
    expect(data?.completion).toMatchObject({ status: 'CANCELLED', finishReason: 'CANCELLED', text: WORDS.join('') });
    expect(Number(amount)).toBeCloseTo(cost, 12);
    expect(await rowsOf(streaming.user)).toBe(1);
    const tokens = { totalInput: input, totalOutput: output };
    expect(await reportOn(streaming.user)).toEqual({
      usage: { totals: { requests: 1, cancelled: 1, attempts: 1, cost: { amount }, tokens } },
      costs: { total: { amount } },
    });
  });
});

describe('S27 onCancel of the deployment', () => {
  test('S27 DRAIN: the caller is free at once, the upstream is read to its end, and one row has its whole usage', async () => {
    const { id, user, rest, request, gate } = await afterSixChunks('drained');
    expect(await cancel(id)).toMatchObject({ status: 'CANCELLED' });
    const told: StreamEvent[] = [];
    for await (const { data } of rest) if (data) told.push(data.streamCompletion);
    expect(terminalOf(told)).toMatchObject({ error: { code: 'CANCELLED' }, completion: { usage: { source: 'ESTIMATED' } } });
    // Only now does the upstream say the rest, and it finds somebody listening.
    gate.open();
    expect(await request.ended).toBe('complete');
    const row = await bookedRow(product.database.url, id);
    expect(row).toMatchObject({ status: 'CANCELLED', usage_source: 'REPORTED', input: '5', output: '1400' });
    expect(Number(row['cost'])).toBe(0.002805);
    const { data } = await product.client.query<{ completion: object }>(COMPLETION, { id });
    expect(data?.completion).toMatchObject({
      ...{ status: 'CANCELLED', text: WORDS.join('') },
      ...{ usage: { totalInput: 5, totalOutput: 1_400, source: 'REPORTED' }, cost: { total: { amount: '0.002805' }, quality: 'EXACT' } },
    });
    expect(await rowsOf(user)).toBe(1);
    expect(await reportOn(user)).toMatchObject({ usage: { totals: { requests: 1, cancelled: 1, tokens: { totalOutput: 1_400 } } } });
  });

  test('S27 ABORT: the upstream is left at once, and the row says that its usage is an estimate', async () => {
    const { id, request } = await afterSixChunks('aborted');
    expect(await cancel(id)).toMatchObject({ status: 'CANCELLED' });
    expect(await request.ended).toBe('aborted');
    const { data } = await product.client.query<{ completion: object }>(COMPLETION, { id });
    expect(data?.completion).toMatchObject({
      ...{ usage: { source: 'ESTIMATED' }, cost: { quality: 'ESTIMATED' }, warnings: [expect.stringMatching(/^estimated_usage/)] },
    });
  });
});
