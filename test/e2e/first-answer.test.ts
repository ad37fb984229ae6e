import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bookedRow as readBookedRow } from '../kit/books.js';
import { createGate, chatBody, chatFrame, chatStream, DONE, finishFrame, usageFrame } from '../kit/scripted-upstream.js';
import { CANCEL_COMPLETION, COMPLETE, COMPLETION, COMPLETION_STREAM, START_COMPLETION, STREAM_COMPLETION } from '../kit/operations.js';
import { startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { streamAll, terminalOf, textOf } from '../kit/streams.js';
import type { StreamEvent } from '../kit/streams.js';

let product: TestProduct;

beforeAll(async () => {
  product = await startProduct();
  await product.serve({ slug: 'words', rates: { INPUT: '2.50', CACHED_INPUT: '1.25', OUTPUT: '10' } });
});

afterAll(() => product.stop());

const input = { model: 'words', messages: [{ role: 'USER', text: 'hello' }] };

type Row = Record<string, unknown>;

async function complete(variables: { input: object; key?: string }): Promise<Row> {
  const answer = await product.client.query<{ complete: Row }>(COMPLETE, variables);
  if (!answer.data) throw new Error(JSON.stringify(answer.errors));
  return answer.data.complete;
}

async function find(id: unknown): Promise<Row> {
  const answer = await product.client.query<{ completion: Row }>(COMPLETION, { id });
  if (!answer.data) throw new Error(JSON.stringify(answer.errors));
  return answer.data.completion;
}

const bookedRow = (id: unknown) => readBookedRow(product.database.url, String(id));

describe('a unary completion', () => {
  test('C2 is answered, priced to the last digit, explained, and found in the database', async () => {
    const usage = { prompt_tokens: 2006, completion_tokens: 300, total_tokens: 2306, prompt_tokens_details: { cached_tokens: 1920 } };
    product.upstream.respondOnce(({ json }) => {
      json(200, {
        id: 'chatcmpl-9',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, message: { role: 'assistant', content: 'Hello there.' }, finish_reason: 'stop' }],
        usage,
      });
    });
    const done = await complete({ input: { ...input, user: 'u-1', sessionId: 's-1', tags: [{ key: 'product', value: 'p-1' }] } });
    expect(done).toMatchObject({
      __typename: 'Completion',
      operation: 'COMPLETION',
      status: 'SUCCEEDED',
      requestedModel: 'words',
      servedModel: { slug: 'words' },
      text: 'Hello there.',
      finishReason: 'STOP',
      rawFinishReason: 'stop',
      content: 'NOT_STORED',
      usage: { input: 86, cachedInput: 1920, output: 300, totalInput: 2006, totalOutput: 300, source: 'REPORTED', raw: usage },
      cost: {
        total: { amount: '0.005615', currency: 'USD' },
        quality: 'EXACT',
        components: [
          { kind: 'INPUT', quantity: 86, unitPrice: '2.5', per: 1_000_000, amount: '0.000215' },
          { kind: 'CACHED_INPUT', quantity: 1920, unitPrice: '1.25', per: 1_000_000, amount: '0.0024' },
          { kind: 'OUTPUT', quantity: 300, unitPrice: '10', per: 1_000_000, amount: '0.003' },
        ],
        saved: { amount: '0' },
      },
      routing: {
        candidates: [{ deployment: { slug: 'test.words' }, chosen: true, excluded: null }],
        attempts: [
          { index: 0, status: 'SUCCEEDED', failure: null, deployment: { slug: 'test.words' }, cost: { total: { amount: '0.005615' } } },
        ],
      },
      cache: { status: 'OFF' },
      error: null,
      user: 'u-1',
      sessionId: 's-1',
      tags: [{ key: 'product', value: 'p-1' }],
    });
    const row = await bookedRow(done['id']);
    expect(row).toMatchObject({
      status: 'SUCCEEDED',
      requested_model: 'words',
      input: '86',
      cached_input: '1920',
      output: '300',
      user: 'u-1',
    });
    expect(Number(row['cost'])).toBe(0.005615);
    expect(row['attempts']).toHaveLength(1);
  });

  test('sends the canonical request to the vendor, with the credential in a header only', async () => {
    const before = product.upstream.requests.length;
    await complete({ input: { ...input, maxOutputTokens: 50, temperature: 0.5, stop: ['END'] } });
    const request = product.upstream.requests[before];
    expect(request).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer sk-upstream-secret-0123456789' },
      json: { model: 'words', messages: [{ role: 'user', content: 'hello' }], temperature: 0.5, stop: ['END'] },
    });
    expect(request?.json?.['stream']).toBeUndefined();
  });

  test('C13 without a price the cost is null and UNPRICED, never zero, in the answer and in the row', async () => {
    await product.serve({ slug: 'unpriced' });
    const done = await complete({ input: { ...input, model: 'unpriced' } });
    expect(done).toMatchObject({ status: 'SUCCEEDED', usage: { totalInput: 11 }, cost: { total: null, quality: 'UNPRICED' } });
    expect(await bookedRow(done['id'])).toMatchObject({ cost: null, unpriced: true });
  });

  test('C13 an explicit price of zero is FREE', async () => {
    await product.serve({ slug: 'free', rates: { INPUT: '0', OUTPUT: '0' } });
    const done = await complete({ input: { ...input, model: 'free' } });
    expect(done).toMatchObject({ cost: { total: { amount: '0' }, quality: 'FREE' } });
  });

  test('a model can be named with its provider, and by the provider’s own name for it', async () => {
    expect(await complete({ input: { ...input, model: 'on-words/words' } })).toMatchObject({
      status: 'SUCCEEDED',
      requestedModel: 'on-words/words',
    });
  });

  test('C18 two failures and a success are one row, three attempts, and one billed call', async () => {
    product.upstream.respondOnce(({ json }) => {
      json(500, { error: { message: 'boom' } });
    });
    product.upstream.respondOnce(({ json }) => {
      json(503, { error: { message: 'busy' } });
    });
    const done = await complete({ input });
    expect(done).toMatchObject({
      status: 'SUCCEEDED',
      cost: { total: { amount: '0.0000975' } },
      routing: {
        attempts: [
          { index: 0, status: 'FAILED', failure: 'SERVER_ERROR', httpStatus: 500, cost: { total: { amount: '0' } } },
          { index: 1, status: 'FAILED', failure: 'OVERLOADED', httpStatus: 503 },
          { index: 2, status: 'SUCCEEDED', failure: null, cost: { total: { amount: '0.0000975' } } },
        ],
      },
    });
    expect((await bookedRow(done['id']))['attempts']).toHaveLength(3);
  });

  test('a provider’s refusal of our credential is PROVIDER_AUTH_FAILED, and its words stay with the operators', async () => {
    product.upstream.respondOnce(({ json }) => {
      json(401, { error: { message: 'Incorrect API key provided: sk-upstream-secret-0123456789' } });
    });
    const failed = await complete({ input });
    expect(failed).toMatchObject({ __typename: 'ProvidersFailed', code: 'PROVIDER_AUTH_FAILED', inference: { status: 'FAILED' } });
    expect(JSON.stringify(failed)).not.toContain('sk-upstream-secret');
    // Without a route nobody chose to refuse while the only deployment is closed: the next call is tried all the same.
    expect(await complete({ input })).toMatchObject({ status: 'SUCCEEDED' });
  });
});

describe('idempotency', () => {
  test('fifty equal calls at once make one upstream call and one completion', async () => {
    const before = product.upstream.requests.length;
    const gate = createGate();
    product.upstream.respondOnce(async ({ json }) => {
      await gate.opened;
      json(200, chatBody({ message: { content: 'once' } }));
    });
    const calls = Array.from({ length: 50 }, () => complete({ input, key: 'fifty' }));
    while (product.upstream.requests.length === before) await product.upstream.nextRequest();
    gate.open();
    const ids = new Set((await Promise.all(calls)).map((done) => done['id']));
    expect(ids.size).toBe(1);
    expect(product.upstream.requests.length - before).toBe(1);
  });

  test('the same key with another input is IDEMPOTENCY_MISMATCH', async () => {
    await complete({ input, key: 'twice' });
    const other = await complete({ input: { ...input, temperature: 0 }, key: 'twice' });
    expect(other).toMatchObject({ __typename: 'InvalidRequest', code: 'IDEMPOTENCY_MISMATCH', problems: [{ path: 'idempotencyKey' }] });
  });

  test('a refusal frees its key', async () => {
    const refused = await complete({ input: { ...input, model: 'not-yet' }, key: 'freed' });
    expect(refused).toMatchObject({ code: 'MODEL_NOT_FOUND' });
    expect(await complete({ input, key: 'freed' })).toMatchObject({ status: 'SUCCEEDED' });
  });
});

describe('a streamed completion', () => {
  const doors = {
    WebSocket: (variables: object) =>
      product.client.openSocket().subscribe<{ streamCompletion: StreamEvent }>(STREAM_COMPLETION, variables),
    SSE: (variables: object) => product.client.events<{ streamCompletion: StreamEvent }>(STREAM_COMPLETION, variables),
  };
  test.each(Object.keys(doors) as (keyof typeof doors)[])('comes over %s: started, deltas, usage, finished', async (door) => {
    product.upstream.respondOnce(({ stream }) => stream(chatStream(['Hello', ' there', '.'], { prompt_tokens: 10, completion_tokens: 3 })));
    const events: StreamEvent[] = [];
    for await (const result of doors[door]({ input, key: `door-${door}` })) if (result.data) events.push(result.data.streamCompletion);
    expect(events[0]).toMatchObject({ __typename: 'CompletionStarted', sequence: 0, completion: { status: 'RUNNING', cost: null } });
    expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => index));
    expect(textOf(events)).toBe('Hello there.');
    expect(events.at(-2)).toMatchObject({ __typename: 'UsageUpdated', usage: { totalInput: 10, totalOutput: 3 } });
    expect(terminalOf(events)).toMatchObject({
      __typename: 'CompletionFinished',
      completion: { status: 'SUCCEEDED', text: 'Hello there.', finishReason: 'STOP', cost: { total: { amount: '0.000055' } } },
    });
  });

  test('asks for usage upstream; S8 the row has it though the client asked for nothing', async () => {
    const before = product.upstream.requests.length;
    const events = await streamAll(product.client.openSocket(), { input, key: 'usage' });
    expect(product.upstream.requests[before]?.json).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(await bookedRow(events[0]?.completionId)).toMatchObject({ input: '11', output: '7', usage_source: 'REPORTED' });
  });

  test('can be resumed: `after` gives the rest, once, while it runs and when it has ended', async () => {
    const gate = createGate();
    product.upstream.respondOnce(async ({ send, end }) => {
      await send(chatFrame({ content: 'first' }));
      await gate.opened;
      for (const frame of [chatFrame({ content: ' second' }), finishFrame('stop'), usageFrame(), DONE]) await send(frame);
      end();
    });
    const socket = product.client.openSocket();
    const reading = socket.subscribe<{ streamCompletion: StreamEvent }>(STREAM_COMPLETION, { input, key: 'resumed' });
    const seen: StreamEvent[] = [];
    while (seen.at(-1)?.__typename !== 'TextDelta') {
      const next = await reading.next();
      if (next.done !== true && next.value.data) seen.push(next.value.data.streamCompletion);
    }
    await reading.return?.();
    gate.open();
    const after = seen.at(-1)?.sequence ?? -1;
    const rest = await streamAll(product.client.openSocket(), { input, key: 'resumed', after });
    expect(rest[0]?.sequence).toBe(after + 1);
    expect(textOf(seen) + textOf(rest)).toBe('first second');
    const again = await product.client
      .openSocket()
      .collect<{ completionStream: StreamEvent }>(COMPLETION_STREAM, { id: seen[0]?.completionId });
    expect(again.data.map((result) => result.completionStream)).toEqual([...seen, ...rest]);
    await socket.dispose();
  });

  test('a refusal is a single CompletionFailed, number 0', async () => {
    const events = await streamAll(product.client.openSocket(), { input: { ...input, model: 'nowhere' }, key: 'refused' });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      __typename: 'CompletionFailed',
      sequence: 0,
      error: { code: 'MODEL_NOT_FOUND' },
      completion: { status: 'BLOCKED' },
    });
  });

  test('`after` below -1, or past the end of a running log, is BAD_USER_INPUT', async () => {
    const gate = createGate();
    product.upstream.respondOnce(async ({ send, end }) => {
      await send(chatFrame({ content: 'running' }));
      await gate.opened;
      end();
    });
    const started = await product.client.query<{ startCompletion: Row }>(START_COMPLETION, { input });
    const id = started.data?.startCompletion['id'];
    for (const after of [-2, 1_000]) {
      const { errors } = await product.client.openSocket().collect(COMPLETION_STREAM, { id, after });
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
    }
    gate.open();
  });

  test('an unknown id is NOT_FOUND', async () => {
    const { errors } = await product.client.openSocket().collect(COMPLETION_STREAM, { id: 'completion_01h455vb4pex5vsknk084sn02q' });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a started completion', () => {
  test('answers at once, goes on without a reader, and is found by id', async () => {
    const gate = createGate();
    product.upstream.respondOnce(async ({ send, end }) => {
      await send(chatFrame({ content: 'later' }));
      await gate.opened;
      for (const frame of [finishFrame('stop'), usageFrame(), DONE]) await send(frame);
      end();
    });
    const started = await product.client.query<{ startCompletion: Row }>(START_COMPLETION, { input });
    expect(started.data?.startCompletion).toMatchObject({ __typename: 'Completion', status: 'RUNNING', cost: null, endedAt: null });
    const id = started.data?.startCompletion['id'];
    expect(await find(id)).toMatchObject({ status: 'RUNNING' });
    gate.open();
    const { data } = await product.client.openSocket().collect<{ completionStream: StreamEvent }>(COMPLETION_STREAM, { id });
    expect(textOf(data.map((result) => result.completionStream))).toBe('later');
    expect(await find(id)).toMatchObject({ status: 'SUCCEEDED', text: 'later', content: 'AVAILABLE' });
  });

  test('is cancelled: the upstream is aborted, the stream tells, and the row has an estimate', async () => {
    product.upstream.respondOnce(async ({ send, stall }) => {
      await send(chatFrame({ content: 'some words' }));
      await stall();
    });
    const started = await product.client.query<{ startCompletion: Row }>(START_COMPLETION, { input });
    const id = started.data?.startCompletion['id'];
    const reading = product.client.openSocket().subscribe<{ completionStream: StreamEvent }>(COMPLETION_STREAM, { id });
    const events: StreamEvent[] = [];
    for await (const result of reading) {
      if (!result.data) continue;
      events.push(result.data.completionStream);
      if (result.data.completionStream.__typename === 'TextDelta') await product.client.query(CANCEL_COMPLETION, { id });
    }
    await product.upstream.requests.at(-1)?.aborted;
    expect(terminalOf(events)).toMatchObject({
      __typename: 'CompletionFailed',
      error: { code: 'CANCELLED' },
      completion: { status: 'CANCELLED' },
    });
    expect(await bookedRow(id)).toMatchObject({ status: 'CANCELLED', usage_source: 'ESTIMATED', error_code: 'CANCELLED' });
  });

  test('cancelling what isn’t there is NotFound', async () => {
    const answer = await product.client.query(CANCEL_COMPLETION, { id: 'completion_01h455vb4pex5vsknk084sn02q' });
    expect(answer.data).toMatchObject({ cancelCompletion: { __typename: 'NotFound', code: 'NOT_FOUND' } });
  });
});
