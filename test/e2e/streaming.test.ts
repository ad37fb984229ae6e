import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chatBody, chatFrame, chatStream, createGate, DONE, finishFrame, sse, usageFrame } from '../kit/scripted-upstream.js';
import { COMPLETE, STREAM_COMPLETION } from '../kit/operations.js';
import { startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { callsOf, streamAll, terminalOf, textOf } from '../kit/streams.js';
import type { StreamEvent } from '../kit/streams.js';

let product: TestProduct;
let keys = 0;

beforeAll(async () => {
  product = await startProduct();
  await product.serve({ slug: 'words', rates: { INPUT: '1', OUTPUT: '2' } });
});

afterAll(() => product.stop());

const input = { model: 'words', messages: [{ role: 'USER', text: 'hello' }] };
const key = () => `key-${(keys += 1)}`;

async function stream(chunks: readonly (string | Uint8Array)[]): Promise<StreamEvent[]> {
  product.upstream.respondOnce((exchange) => exchange.stream(chunks));
  const socket = product.client.openSocket();
  try {
    return await streamAll(socket, { input, key: key() });
  } finally {
    await socket.dispose();
  }
}

async function unary(body: object): Promise<Record<string, unknown>> {
  product.upstream.respondOnce(({ json }) => {
    json(200, body);
  });
  const answer = await product.client.query<{ complete: Record<string, unknown> }>(COMPLETE, { input });
  return answer.data?.complete ?? {};
}

test('S1 letters of several bytes survive any split, in text and in tool arguments', async () => {
  const text = '안녕하세요 🌍 ą€漢';
  const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'say', arguments: JSON.stringify({ text }) } };
  const bytes = Buffer.from(
    [chatFrame({ content: text }), chatFrame({ tool_calls: [call] }), finishFrame('tool_calls'), usageFrame(), DONE].join(''),
  );
  const events = await stream([...bytes].map((byte) => Uint8Array.of(byte)));
  expect(textOf(events)).toBe(text);
  expect(callsOf(events)).toEqual([{ id: 'call_1', name: 'say', arguments: JSON.stringify({ text }) }]);
});

test('S2 frames cut anywhere and frames joined give the same answer', async () => {
  const whole = chatStream(['one', ' two', ' three']).join('');
  for (const at of [3, whole.indexOf('\n\n') + 1, Math.floor(whole.length / 2)]) {
    const events = await stream([whole.slice(0, at), whole.slice(at)]);
    expect(textOf(events)).toBe('one two three');
  }
  expect(textOf(await stream([whole]))).toBe('one two three');
});

test('S3 S4 colons, missing spaces, comments, other fields, CRLF and a BOM do no harm', async () => {
  const frame = (delta: object) => JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null }] });
  const body = [
    '\uFEFF: ping - 1\r\n\r\n',
    'event: message\r\nid: 1\r\nretry: 10\r\n',
    `data:${frame({ content: '": ["' })}\r\n\r\n`,
    ': ping - 2\n\n\n\n',
    `data: ${frame({ content: ' a: b' })}\n\n`,
    finishFrame('stop'),
    usageFrame(),
    DONE,
  ];
  expect(textOf(await stream(body))).toBe('": [" a: b');
});

test('S6 an error as the first event of a 200 is a typed provider error', async () => {
  // Its three attempts open the breaker: of a deployment that no other test asks.
  await product.serve({ slug: 'unlucky' });
  product.upstream.respond(({ stream: send }) =>
    send([`event: error\n${sse({ error: { message: 'no luck', type: 'server_error', code: 500 } })}`]),
  );
  const events = await streamAll(product.client.openSocket(), { input: { ...input, model: 'unlucky' }, key: key() });
  product.upstream.respond(({ json }) => {
    json(200, chatBody());
  });
  expect(terminalOf(events)).toMatchObject({
    __typename: 'CompletionFailed',
    error: { code: 'PROVIDER_FAILED' },
    completion: { status: 'FAILED' },
  });
});

test('S8 a provider that rejects stream_options is asked again without, once and for all, and the row is an estimate', async () => {
  await product.serve({ slug: 'picky', rates: { INPUT: '1', OUTPUT: '2' } });
  const before = product.upstream.requests.length;
  product.upstream.respond(({ request, json, stream: send }) => {
    if (request.json && 'stream_options' in request.json) {
      json(400, { error: { message: 'Unrecognized request argument supplied: stream_options', type: 'invalid_request_error' } });
      return undefined;
    }
    return send([chatFrame({ content: 'four words are here' }), finishFrame('stop'), DONE]);
  });
  const ask = () => streamAll(product.client.openSocket(), { input: { ...input, model: 'picky' }, key: key() });
  const first = terminalOf(await ask());
  expect(first).toMatchObject({ completion: { status: 'SUCCEEDED', usage: { source: 'ESTIMATED' }, cost: { quality: 'ESTIMATED' } } });
  await ask();
  const sent = product.upstream.requests.slice(before).map((request) => 'stream_options' in (request.json ?? {}));
  expect(sent).toEqual([true, false, false]);
});

test('S10 running totals on every chunk replace each other', async () => {
  const frames = Array.from({ length: 50 }, (_, index) =>
    chatFrame({ content: 'x' }, null, { usage: { prompt_tokens: 13_856, completion_tokens: index + 1 } }),
  );
  const last = terminalOf(await stream([...frames, finishFrame('stop'), DONE]));
  expect(last.completion).toMatchObject({ usage: { totalInput: 13_856, totalOutput: 50 } });
});

test('S12 streamed or not: the same usage and the same cost', async () => {
  const usage = {
    prompt_tokens: 2_006,
    completion_tokens: 300,
    prompt_tokens_details: { cached_tokens: 1_920 },
    completion_tokens_details: { reasoning_tokens: 200 },
  };
  const streamed = terminalOf(await stream(chatStream(['Hello there.'], usage))).completion;
  const whole = await unary(chatBody({ usage }));
  for (const field of ['usage', 'cost', 'text', 'answer', 'finishReason', 'rawFinishReason'])
    expect(streamed?.[field]).toEqual(whole[field]);
});

test('S14 S15 parallel calls with interleaved arguments keep their own', async () => {
  const open = (index: number) => ({ index, id: `call_${index}`, type: 'function', function: { name: `tool_${index}`, arguments: '' } });
  const args = (index: number, text: string) => ({ index, function: { arguments: text } });
  const deltas = [[open(0), open(1), open(2)], [args(0, '{"a"')], [args(1, '{"b"')], [args(0, ':0}')], [args(1, ':1}')], [args(2, '{}')]];
  const events = await stream([...deltas.map((calls) => chatFrame({ tool_calls: calls })), finishFrame('tool_calls'), usageFrame(), DONE]);
  const expected = ['{"a":0}', '{"b":1}', '{}'].map((text, index) => ({ id: `call_${index}`, name: `tool_${index}`, arguments: text }));
  expect(callsOf(events)).toEqual(expected);
  expect(terminalOf(events).completion).toMatchObject({ finishReason: 'TOOL_CALLS', text: null, answer: { toolCalls: expected } });
});

test('S16 arguments flow through as they come', async () => {
  const gate = createGate();
  product.upstream.respondOnce(async ({ send, end }) => {
    await send(chatFrame({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'write', arguments: '{"a' } }] }));
    await gate.opened;
    for (const frame of [chatFrame({ tool_calls: [{ index: 0, function: { arguments: '":1}' } }] }), finishFrame('tool_calls'), DONE])
      await send(frame);
    end();
  });
  const reading = product.client.openSocket().subscribe<{ streamCompletion: StreamEvent }>(STREAM_COMPLETION, { input, key: key() });
  const events: StreamEvent[] = [];
  for await (const { data } of reading) {
    if (!data) continue;
    events.push(data.streamCompletion);
    // The upstream says no more until this delta has reached the reader.
    if (data.streamCompletion.__typename === 'ToolCallDelta') gate.open();
  }
  expect(callsOf(events)).toEqual([{ id: 'call_1', name: 'write', arguments: '{"a":1}' }]);
});

describe('finish reasons', () => {
  const table: [string, string][] = [
    ['stop', 'STOP'],
    ['length', 'LENGTH'],
    ['tool_calls', 'TOOL_CALLS'],
    ['content_filter', 'CONTENT_FILTER'],
    ['foo_bar', 'OTHER'],
  ];
  test.each(table)('S18 %s is %s in both modes, with the raw word beside it', async (raw, mapped) => {
    const streamed = terminalOf(await stream([chatFrame({ content: 'x' }), finishFrame(raw), usageFrame(), DONE])).completion;
    const whole = await unary(chatBody({ finishReason: raw }));
    for (const completion of [streamed, whole]) expect(completion).toMatchObject({ finishReason: mapped, rawFinishReason: raw });
  });

  test('S17 calls that end in `stop` are TOOL_CALLS', async () => {
    const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'a', arguments: '{}' } };
    const events = await stream([chatFrame({ tool_calls: [call] }), chatFrame({}), finishFrame('stop'), usageFrame(), DONE]);
    expect(terminalOf(events).completion).toMatchObject({ finishReason: 'TOOL_CALLS', rawFinishReason: 'stop' });
  });

  test('S20 a stream cut before its end is INCOMPLETE and failed, never STOP', async () => {
    product.upstream.respondOnce(async ({ send, cut }) => {
      await send(chatFrame({ content: 'half an' }));
      cut();
    });
    const events = await streamAll(product.client.openSocket(), { input, key: key() });
    expect(terminalOf(events)).toMatchObject({
      __typename: 'CompletionFailed',
      error: { code: 'PROVIDER_FAILED' },
      completion: { status: 'FAILED', text: 'half an', finishReason: 'INCOMPLETE', usage: { source: 'ESTIMATED' } },
    });
  });
});

describe('a client that leaves', () => {
  const leave = {
    'S24 G1 unsubscribes': async (reading: AsyncIterableIterator<unknown>) => {
      await reading.return?.();
    },
    'S24 drops the connection': (_reading: unknown, drop: () => void) => {
      drop();
      return Promise.resolve();
    },
  };
  test.each(Object.keys(leave) as (keyof typeof leave)[])('%s: the upstream is aborted and its socket closed', async (how) => {
    product.upstream.respondOnce(async ({ send, stall }) => {
      await send(chatFrame({ content: 'hello' }));
      await stall();
    });
    const socket = product.client.openSocket();
    const reading = socket.subscribe<{ streamCompletion: StreamEvent }>(STREAM_COMPLETION, {
      input: { ...input, onDisconnect: 'CANCEL' },
      key: key(),
    });
    for (;;) {
      const { value } = (await reading.next()) as { value: { data?: { streamCompletion: StreamEvent } } };
      if (value.data?.streamCompletion.__typename === 'TextDelta') break;
    }
    await leave[how](reading, () => {
      socket.terminate();
    });
    await product.upstream.requests.at(-1)?.aborted;
    await product.upstream.requests.at(-1)?.socketClosed;
  });

  test('S25 is noticed also while the upstream is silent', async () => {
    product.upstream.respondOnce(({ stall }) => stall());
    const count = product.upstream.requests.length;
    const socket = product.client.openSocket();
    const reading = socket.subscribe(STREAM_COMPLETION, { input: { ...input, onDisconnect: 'CANCEL' }, key: key() });
    // The dropped connection is what it ends with.
    reading.next().catch(() => undefined);
    while (product.upstream.requests.length === count) await product.upstream.nextRequest();
    socket.terminate();
    await product.upstream.requests.at(-1)?.aborted;
  });

  test('S25 over plain HTTP as well', async () => {
    product.upstream.respondOnce(({ stall }) => stall());
    const count = product.upstream.requests.length;
    const leaving = new AbortController();
    const call = fetch(`${product.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${product.adminKey}` },
      body: JSON.stringify({ query: COMPLETE, variables: { input } }),
      signal: leaving.signal,
    }).catch(() => undefined);
    while (product.upstream.requests.length === count) await product.upstream.nextRequest();
    leaving.abort();
    await product.upstream.requests.at(-1)?.aborted;
    await call;
  });
});
