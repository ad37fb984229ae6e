import { describe, expect, test } from '@jest/globals';
import { newId } from '../../src/core/ids.js';
import { GatewayError, userError } from '../../src/core/errors.js';
import type { CompletionEvent, CompletionEventBody } from '../../src/core/events.js';
import { parseUsd, ZERO_PICO_USD } from '../../src/core/money.js';
import { NO_TOKENS } from '../../src/core/usage.js';
import type { Completions, CompletionRequest, ReadPosition, StreamRequest } from '../../src/inference/contract.js';
import { mapIterator } from '../../src/graphql/inference/stream.js';
import {
  makeAccess,
  makeContext,
  makeKey,
  makePrice,
  makePrincipal,
  makeRecord,
  makeServices,
  makeState,
  makeTeam,
  NOW,
  open,
  run,
} from './world.js';

const KEY = makePrincipal(['INFERENCE']);
const services = makeServices();
const withCompletions = (overrides: Partial<Completions>) => ({ ...services, completions: { ...services.completions, ...overrides } });

const snapshot = services.catalogue.snapshot(KEY.organizationId);
const [deployment] = snapshot.deployments.all;
const served = { modelId: deployment!.model.id, deploymentId: deployment!.id, providerId: deployment!.provider.id };

describe('complete', () => {
  const DOCUMENT =
    'mutation ($input: CompletionInput!, $key: String) { complete(input: $input, idempotencyKey: $key) { __typename ... on Completion { id status text } } }';

  test('hands the input on as it was given, with who asks and the reader’s signal', async () => {
    const seen: [CompletionRequest, AbortSignal][] = [];
    const state = makeState(makeRecord(KEY));
    const complete = async (request: CompletionRequest, reader: AbortSignal) => {
      seen.push([request, reader]);
      return { state, error: null };
    };
    const input = {
      model: 'gpt-x',
      messages: [{ role: 'USER', parts: [{ text: 'hi' }, { image: { url: 'https://a.test/x.png' } }] }],
      toolChoice: { mode: 'AUTO' },
      temperature: null,
      providerOptions: { openai: { a: [1] } },
    };
    const context = makeContext(withCompletions({ complete }), KEY);
    const { data } = await run(context, DOCUMENT, { input, key: 'k' });
    expect(data.complete).toEqual({ __typename: 'Completion', id: state.record.id, status: 'SUCCEEDED', text: 'Hello' });
    expect(seen).toEqual([[{ principal: KEY, input, idempotencyKey: 'k', requestId: 'req-1' }, context.signal]]);
  });

  test('without an idempotency key says so', async () => {
    let key: string | null = 'unset';
    const complete = async (request: CompletionRequest) => {
      key = request.idempotencyKey;
      return { state: makeState(makeRecord(KEY)), error: null };
    };
    await run(makeContext(withCompletions({ complete }), KEY), DOCUMENT, { input: { model: 'm', messages: [] } });
    expect(key).toBeNull();
  });

  test.each([[{ mode: 'AUTO', tool: 'x' }], [{}], [{ mode: null }]])(
    'refuses a tool choice of %j before anything runs',
    async (toolChoice) => {
      let ran = false;
      const complete = async () => {
        ran = true;
        return { state: makeState(makeRecord(KEY)), error: null };
      };
      const { errors } = await run(makeContext(withCompletions({ complete }), KEY), DOCUMENT, {
        input: { model: 'm', messages: [], toolChoice },
      });
      expect(errors?.[0]?.message).toMatch(/toolChoice/);
      expect(ran).toBe(false);
    },
  );
});

describe('a completion', () => {
  const usage = {
    ...NO_TOKENS,
    input: 1_000,
    cachedInput: 24,
    output: 7,
    reasoning: 3,
    source: 'REPORTED',
    raw: { prompt_tokens: 1_024 },
    inconsistent: false,
  } as const;
  const price = makePrice({ input: '2.5', output: '10' });
  const cost = {
    total: parseUsd('0.0026')!,
    quality: 'EXACT',
    components: [{ kind: 'INPUT', quantity: 1_000, unitPrice: parseUsd('2.5')!, per: 1_000_000, amount: parseUsd('0.0025')! }],
    price,
    saved: ZERO_PICO_USD,
  } as const;

  async function read(fields: string, overrides = {}, message: Parameters<typeof makeState>[1] = 'Hello'): Promise<unknown> {
    const state = makeState(makeRecord(KEY, { served, usage, cost, ...overrides }), message);
    const { data, errors } = await run(
      makeContext(withCompletions({ find: async () => state }), KEY),
      `{ completion(id: "x") { ${fields} } }`,
    );
    expect(errors).toBeUndefined();
    return data.completion;
  }

  test('tells what it used and cost, exactly', async () => {
    expect(
      await read(
        'usage { input cachedInput totalInput totalOutput source raw } cost { total { amount currency } quality saved { amount } price { currency } components { kind quantity unitPrice per amount } }',
      ),
    ).toEqual({
      usage: { input: 1_000, cachedInput: 24, totalInput: 1_024, totalOutput: 10, source: 'REPORTED', raw: { prompt_tokens: 1_024 } },
      cost: {
        total: { amount: '0.0026', currency: 'USD' },
        quality: 'EXACT',
        saved: { amount: '0' },
        price: { currency: 'USD' },
        components: [{ kind: 'INPUT', quantity: 1_000, unitPrice: '2.5', per: 1_000_000, amount: '0.0025' }],
      },
    });
  });

  test('C13 without a price has no total, which is not zero', async () => {
    const unpriced = { total: null, quality: 'UNPRICED', components: [], price: null, saved: ZERO_PICO_USD } as const;
    expect(await read('cost { total { amount } quality price { source } }', { cost: unpriced })).toEqual({
      cost: { total: null, quality: 'UNPRICED', price: null },
    });
  });

  test('while it runs has neither usage nor cost nor an end', async () => {
    const running = { status: 'RUNNING', usage: null, cost: null, endedAt: null, finishReason: null } as const;
    expect(await read('status usage { input } cost { quality } endedAt finishReason', running)).toEqual({
      status: 'RUNNING',
      usage: null,
      cost: null,
      endedAt: null,
      finishReason: null,
    });
  });

  test('U7 names the model that served it beside the one asked for', async () => {
    expect(await read('requestedModel servedModel { slug }')).toEqual({ requestedModel: 'gpt-x', servedModel: { slug: 'gpt-y' } });
    expect(await read('servedModel { slug }', { served: null })).toEqual({ servedModel: null });
  });

  test('has empty lists and OFF where nothing is built yet', async () => {
    expect(await read('guardrails { guardrail } cache { status } warnings routing { seed }')).toEqual({
      guardrails: [],
      cache: { status: 'OFF' },
      warnings: [],
      routing: null,
    });
  });

  test('whose words are not kept has none', async () => {
    expect(await read('text answer { text } content', { contentState: 'NOT_STORED' }, null)).toEqual({
      text: null,
      answer: null,
      content: 'NOT_STORED',
    });
  });

  test('hands the parts of its answer out in order, each as its own type', async () => {
    const record = makeRecord(KEY);
    const parts = [
      { kind: 'reasoning', text: 'hm', redacted: null, signature: 'sig-1' },
      { kind: 'text', text: 'Let me look. ', signature: null },
      { kind: 'toolCall', id: 'call_1', name: 'look', arguments: '{"q":', signature: 'sig-2' },
      { kind: 'text', text: 'Done.', signature: 'sig-3' },
      { kind: 'media', mimeType: 'image/png', url: null, base64: 'AAAA' },
    ] as const;
    const state = { record, message: { parts, refusal: null } };
    const { data } = await run(
      makeContext(withCompletions({ find: async () => state }), KEY),
      `{ completion(id: "x") { text answer { text refusal toolCalls { id name arguments } parts {
        __typename
        ... on TextPart { text signature } ... on ReasoningPart { text redacted signature }
        ... on ToolCall { id name arguments signature } ... on MediaPart { mimeType url base64 signature }
      } } } }`,
    );
    expect(data.completion).toEqual({
      text: 'Let me look. Done.',
      answer: {
        text: 'Let me look. Done.',
        refusal: null,
        toolCalls: [{ id: 'call_1', name: 'look', arguments: '{"q":' }],
        parts: [
          { __typename: 'ReasoningPart', text: 'hm', redacted: null, signature: 'sig-1' },
          { __typename: 'TextPart', text: 'Let me look. ', signature: null },
          { __typename: 'ToolCall', id: 'call_1', name: 'look', arguments: '{"q":', signature: 'sig-2' },
          { __typename: 'TextPart', text: 'Done.', signature: 'sig-3' },
          { __typename: 'MediaPart', mimeType: 'image/png', url: null, base64: 'AAAA', signature: null },
        ],
      },
    });
  });

  test('D7 reads teams and keys of several in one statement each', async () => {
    const team = makeTeam('red');
    const key = makeKey({ teamId: team.id });
    const owner = makePrincipal(['INFERENCE'], { apiKeyId: key.id, teamId: team.id });
    const access = makeAccess([team], [key]);
    const find = async () => makeState(makeRecord(owner));
    const context = makeContext({ ...withCompletions({ find }), access }, owner);
    const fields = '{ team { slug } apiKey { prefix team { slug } } }';
    const { data } = await run(context, `{ a: completion(id: "x") ${fields} b: inference(id: "y") ${fields} }`);
    expect(data.a).toEqual({ team: { slug: 'red' }, apiKey: { prefix: 'glide_abc', team: { slug: 'red' } } });
    expect(data.b).toEqual(data.a);
    expect(access.reads).toEqual(['teamsById 1', 'apiKeysById 1']);
  });
});

test('cancelCompletion answers with the completion as it stands, or that there is none', async () => {
  const state = makeState(makeRecord(KEY, { status: 'CANCELLED' }));
  const cancel = async (_principal: unknown, id: string) => (id === state.record.id ? state : null);
  const document = (id: string) =>
    `mutation { cancelCompletion(input: { id: "${id}" }) { __typename ... on Completion { status } ... on NotFound { code targetId } } }`;
  const context = makeContext(withCompletions({ cancel }), KEY);
  expect((await run(context, document(state.record.id))).data.cancelCompletion).toEqual({ __typename: 'Completion', status: 'CANCELLED' });
  expect((await run(context, document('nonsense'))).data.cancelCompletion).toEqual({
    __typename: 'NotFound',
    code: 'NOT_FOUND',
    targetId: 'nonsense',
  });
});

describe('streams', () => {
  const completionId = newId('completion');
  const state = makeState(makeRecord(KEY, { id: completionId }));
  const event = (sequence: number, body: CompletionEventBody): CompletionEvent => ({ completionId, sequence, at: NOW, ...body });

  /** A source by hand: values are pushed, `return()` answers at once. */
  function source(events: readonly CompletionEvent[] = []) {
    const waiting: ((result: IteratorResult<CompletionEvent>) => void)[] = [];
    const queue = [...events];
    const counts = { next: 0, returned: 0 };
    const iterator: AsyncIterableIterator<CompletionEvent> = {
      next() {
        counts.next += 1;
        const value = queue.shift();
        return value ? Promise.resolve({ done: false, value }) : new Promise((resolve) => waiting.push(resolve));
      },
      async return() {
        counts.returned += 1;
        for (const resolve of waiting.splice(0)) resolve({ done: true, value: undefined });
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    return { iterator, counts };
  }

  const SELECTION = `{ __typename completionId sequence at
    ... on CompletionStarted { completion { id } } ... on TextDelta { text } ... on ReasoningDelta { text }
    ... on ToolCallDelta { index callId: id name argumentsDelta } ... on CompletionRerouted { reason failed { index failure } }
    ... on UsageUpdated { usage { totalOutput } cost { quality } } ... on CompletionFinished { completion { text } }
    ... on CompletionFailed { error { __typename code } completion { id } } }`;
  const READ = `subscription { completionStream(id: "${completionId}") ${SELECTION} }`;

  async function opened(stream: AsyncIterableIterator<CompletionEvent>, document = READ) {
    const results = await open(makeContext(withCompletions({ read: async () => stream }), KEY), document);
    if (!('next' in results)) throw new Error(results.errors?.[0]?.message);
    return results;
  }

  test('tell each kind of event by its own type', async () => {
    const failure = { class: 'OVERLOADED', detail: '', httpStatus: 529, retryAfterMs: null } as const;
    const attempt = {
      id: newId('attempt'),
      index: 0,
      served,
      status: 'FAILED',
      failure,
      startedAt: NOW,
      firstTokenMs: null,
      durationMs: 1,
      usage: null,
      cost: null,
    } as const;
    const { NO_USAGE } = await import('../../src/core/usage.js');
    const free = { total: ZERO_PICO_USD, quality: 'FREE', components: [], price: null, saved: ZERO_PICO_USD } as const;
    const bodies: CompletionEventBody[] = [
      { type: 'started', completion: state },
      { type: 'rerouted', failed: attempt, reason: 'overloaded' },
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'Hel' },
      { type: 'toolCall', index: 1, id: 'c', name: 'f', argumentsDelta: '{' },
      { type: 'usage', usage: NO_USAGE, cost: free },
      { type: 'finished', completion: state },
      { type: 'failed', error: userError('CANCELLED'), completion: state },
    ];
    const results = await opened(source(bodies.map((body, sequence) => event(sequence, body))).iterator);
    const seen: unknown[] = [];
    for (let count = 0; count < bodies.length; count += 1) {
      const { value } = await results.next();
      expect(value.errors).toBeUndefined();
      seen.push(JSON.parse(JSON.stringify(value.data.completionStream)));
    }
    const at = NOW.toISOString();
    const base = (sequence: number) => ({ completionId, sequence, at });
    expect(seen).toEqual([
      { __typename: 'CompletionStarted', ...base(0), completion: { id: completionId } },
      { __typename: 'CompletionRerouted', ...base(1), reason: 'overloaded', failed: { index: 0, failure: 'OVERLOADED' } },
      { __typename: 'ReasoningDelta', ...base(2), text: 'hm' },
      { __typename: 'TextDelta', ...base(3), text: 'Hel' },
      { __typename: 'ToolCallDelta', ...base(4), index: 1, callId: 'c', name: 'f', argumentsDelta: '{' },
      { __typename: 'UsageUpdated', ...base(5), usage: { totalOutput: 0 }, cost: { quality: 'FREE' } },
      { __typename: 'CompletionFinished', ...base(6), completion: { text: 'Hello' } },
      {
        __typename: 'CompletionFailed',
        ...base(7),
        error: { __typename: 'Cancelled', code: 'CANCELLED' },
        completion: { id: completionId },
      },
    ]);
  });

  const RELATIONS = '{ id text prompt team { slug } apiKey { name team { slug } } feedback { value } }';
  const away = async (): Promise<never> => {
    throw new GatewayError('SERVICE_UNAVAILABLE', 'The database is not available.');
  };
  const withDatabaseAway = (overrides: Partial<Completions>) => ({
    ...withCompletions({ prompts: away, ...overrides }),
    access: { ...services.access, teamsById: away, apiKeysById: away },
    feedback: { ...services.feedback, byInference: away },
  });
  const told = makeState(makeRecord(KEY, { id: completionId, teamId: newId('team') }));

  test('go on without what the database holds, while that is away: an error beside the words would end them', async () => {
    const { iterator } = source([event(0, { type: 'started', completion: told })]);
    const document = `subscription { completionStream(id: "${completionId}") { ... on CompletionStarted { completion ${RELATIONS} } } }`;
    const results = await open(makeContext(withDatabaseAway({ read: async () => iterator }), KEY), document);
    if (!('next' in results)) throw new Error(results.errors?.[0]?.message);
    const { value } = await results.next();
    expect(value.errors).toBeUndefined();
    const completion = { id: completionId, text: 'Hello', prompt: null, team: null, apiKey: null, feedback: [] };
    expect(JSON.parse(JSON.stringify(value.data))).toEqual({ completionStream: { completion } });
  });

  test('a query is told that the database is away', async () => {
    const context = makeContext(withDatabaseAway({ find: async () => told }), KEY);
    const { errors } = await run(context, `{ completion(id: "x") { id team { slug } apiKey { name } } }`);
    expect(errors?.map(({ originalError }) => originalError)).toMatchObject([
      { code: 'SERVICE_UNAVAILABLE' },
      { code: 'SERVICE_UNAVAILABLE' },
    ]);
  });

  test('G1 an unsubscribe reaches the log at once, while the upstream is silent', async () => {
    const { iterator, counts } = source();
    const results = await opened(iterator);
    const pending = results.next();
    await results.return?.();
    expect(counts.returned).toBe(1);
    expect(await pending).toEqual({ done: true, value: undefined });
  });

  test('G1 so does an error thrown into the iteration', async () => {
    const { iterator, counts } = source();
    await expect(mapIterator(iterator, (value) => value).throw?.(new Error('gone'))).rejects.toThrow('gone');
    expect(counts.returned).toBe(1);
  });

  test('G2 what is opened and never pulled reads nothing', async () => {
    const { iterator, counts } = source([event(0, { type: 'text', text: 'a' })]);
    const results = await opened(iterator);
    await results.return?.();
    expect(counts).toEqual({ next: 0, returned: 1 });
  });

  test('begin after the given event, and at the first where none is given', async () => {
    const seen: unknown[] = [];
    const stream = async ({ after, idempotencyKey }: StreamRequest) => {
      seen.push([idempotencyKey, after]);
      return source().iterator;
    };
    const read = async (_principal: unknown, id: string, { after, reader }: ReadPosition) => {
      expect(reader?.aborted).toBe(false);
      seen.push([id, after]);
      return source().iterator;
    };
    const context = () => makeContext(withCompletions({ stream, read }), KEY);
    const INPUT = 'input: { model: "m", messages: [] }, idempotencyKey: "k"';
    await open(context(), `subscription { streamCompletion(${INPUT}) { sequence } }`);
    await open(context(), `subscription { streamCompletion(${INPUT}, after: 7) { sequence } }`);
    await open(context(), `subscription { completionStream(id: "c", after: null) { sequence } }`);
    expect(seen).toEqual([
      ['k', -1],
      ['k', 7],
      ['c', -1],
    ]);
  });

  test.each(['NOT_FOUND', 'EVENTS_EXPIRED', 'EVENTS_ELSEWHERE', 'BAD_USER_INPUT'] as const)(
    'that can’t be opened fail with %s',
    async (code) => {
      const read = async () => {
        throw new GatewayError(code, 'no');
      };
      const results = await open(makeContext(withCompletions({ read }), KEY), READ);
      expect('errors' in results && results.errors[0]?.originalError).toMatchObject({ code });
    },
  );

  test('a refusal is a single CompletionFailed, number 0', async () => {
    const refused = makeState(makeRecord(KEY, { status: 'BLOCKED' }), null);
    const results = await opened(
      source([event(0, { type: 'failed', error: userError('MODEL_NOT_FOUND', { model: 'x' }), completion: refused })]).iterator,
    );
    const { value } = await results.next();
    expect(value.data.completionStream).toMatchObject({
      __typename: 'CompletionFailed',
      sequence: 0,
      error: { __typename: 'ModelUnavailable' },
    });
  });

  test('G11 each event reads relations afresh, and keeps nothing of the last', async () => {
    const team = makeTeam('red');
    const owner = makePrincipal(['INFERENCE'], { teamId: team.id });
    const access = makeAccess([team], []);
    const owned = makeState(makeRecord(owner));
    const events = [0, 1, 2].map((sequence) => event(sequence, { type: 'started', completion: owned }));
    const context = makeContext({ ...withCompletions({ read: async () => source(events).iterator }), access }, owner);
    const results = await open(
      context,
      'subscription { completionStream(id: "x") { ... on CompletionStarted { completion { team { slug } } } } }',
    );
    if (!('next' in results)) throw new Error('refused');
    for (let count = 0; count < 3; count += 1) await results.next();
    expect(access.reads).toEqual(['teamsById 1', 'teamsById 1', 'teamsById 1']);
  });
});
