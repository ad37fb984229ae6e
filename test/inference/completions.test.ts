import { describe, expect, test } from '@jest/globals';
import { formatUsd } from '../../src/core/money.js';
import { FINISH_REASONS } from '../../src/core/vocabulary.js';
import { settled } from '../kit/manual-clock.js';
import { collect, createStage, deployment, failure, input, principal, STAYS, textOf, typesOf, usage } from './kit.js';

describe('complete', () => {
  test('answers with the words, the usage, the exact cost and who served, and books one row', async () => {
    const { completions, caller, ledger, request } = createStage();
    const running = completions.complete(request({ requestId: 'r-1' }), STAYS);
    caller.calls[0]!.answer('Hi there');
    const { state, error } = await running;
    expect(error).toBeNull();
    expect(state.message).toEqual({ parts: [{ kind: 'text', text: 'Hi there', signature: null }], refusal: null });
    expect(state.record).toMatchObject({
      status: 'SUCCEEDED',
      finishReason: 'STOP',
      rawFinishReason: 'stop',
      streamed: false,
      requestId: 'r-1',
    });
    expect(state.record.usage).toMatchObject({ input: 10, output: 5, source: 'REPORTED' });
    expect(formatUsd(state.record.cost!.total!)).toBe('0.00002');
    expect(state.record.attempts).toHaveLength(1);
    expect(state.record.routing?.candidates).toMatchObject([{ chosen: true, excluded: null }]);
    expect(ledger.rows.map((row) => row.id)).toEqual([state.record.id]);
    expect(ledger.rows[0]).toMatchObject({ contentState: 'NOT_STORED', contentExpiresAt: null });
  });

  test('asks for the vendor’s unary form, and streams where events are read', async () => {
    const { completions, caller, request } = createStage();
    void completions.complete(request(), STAYS);
    await completions.start(request());
    expect(caller.calls.map(({ options }) => options.stream)).toEqual([false, true]);
  });

  test('S12 the unary and the streamed form come to the same outcome', async () => {
    const { completions, caller, request } = createStage();
    const unary = completions.complete(request(), STAYS);
    caller.calls[0]!.answer('one answer', usage(300, 20));
    const events = collect(await completions.stream({ ...request(), idempotencyKey: 'k', after: -1 }));
    await settled();
    caller.calls[1]!.say({ type: 'text', text: 'one ' });
    caller.calls[1]!.answer('answer', usage(300, 20));
    const last = (await events).at(-1)!;
    const streamed = last.type === 'finished' ? last.completion : null;
    const { state } = await unary;
    expect(streamed?.message).toEqual(state.message);
    for (const field of ['usage', 'cost', 'finishReason', 'rawFinishReason', 'status', 'served', 'warnings', 'error'] as const)
      expect(streamed?.record[field]).toEqual(state.record[field]);
  });

  test.each(FINISH_REASONS)('S18 the finish reason %s and the provider’s own word pass through', async (reason) => {
    const { completions, caller, request } = createStage();
    const running = completions.complete(request(), STAYS);
    caller.calls[0]!.say({ type: 'text', text: 'x' }, { type: 'finish', reason, raw: 'foo_bar' }, { type: 'end' });
    caller.calls[0]!.end();
    const { state } = await running;
    expect(state.record).toMatchObject({ status: 'SUCCEEDED', finishReason: reason, rawFinishReason: 'foo_bar' });
  });

  test('S20 a stream that is cut is INCOMPLETE and FAILED, never STOP, with its partial words, usage and cost', async () => {
    const { completions, caller, request } = createStage();
    const { state: begun } = await completions.start(request());
    caller.calls[0]!.say({ type: 'text', text: 'half an ans' });
    caller.calls[0]!.fail(failure('BAD_RESPONSE'));
    await settled();
    const state = await completions.find(request().principal, begun.record.id);
    expect(state?.record).toMatchObject({ status: 'FAILED', finishReason: 'INCOMPLETE', error: { code: 'PROVIDER_FAILED' } });
    expect(state?.record.usage).toMatchObject({ source: 'ESTIMATED' });
    expect(state?.record.cost).toMatchObject({ quality: 'ESTIMATED' });
    expect(state?.message?.parts).toMatchObject([{ text: 'half an ans' }]);
    expect(state?.record.warnings.join()).toContain('estimated_usage');
    expect(caller.calls).toHaveLength(1);
  });

  test('an end without the upstream’s terminal event is INCOMPLETE', async () => {
    const { completions, caller, request } = createStage();
    const running = completions.complete(request(), STAYS);
    caller.calls[0]!.say({ type: 'text', text: 'x' });
    caller.calls[0]!.end();
    expect((await running).state.record.finishReason).toBe('INCOMPLETE');
  });

  test('C17 contradictory counts are flagged', async () => {
    const { completions, caller, request } = createStage();
    const running = completions.complete(request(), STAYS);
    caller.calls[0]!.answer('x', { ...usage(1, 1), inconsistent: true });
    expect((await running).state.record.warnings.join()).toContain('inconsistent_usage');
  });

  test('C18 two failures and a success are one row with three attempts, and each billed attempt counts once', async () => {
    const { completions, caller, ledger, clock, request } = createStage();
    caller.script = (call, index) => {
      if (index === 2) return call.answer('at last', usage(10, 5));
      call.say({ type: 'usage', usage: usage(100, 0) });
      call.fail(failure('SERVER_ERROR', { httpStatus: 500 }));
    };
    const running = completions.complete(request(), STAYS);
    await clock.advance(60_000);
    const { state } = await running;
    expect(state.record.attempts.map(({ index, status }) => [index, status])).toEqual([
      [0, 'FAILED'],
      [1, 'FAILED'],
      [2, 'SUCCEEDED'],
    ]);
    expect(state.record.usage).toMatchObject({ input: 210, output: 5, source: 'REPORTED' });
    expect(formatUsd(state.record.cost!.total!)).toBe('0.00022');
    expect(ledger.rows).toHaveLength(1);
  });

  test('the time between attempts counts as the upstream’s, not the gateway’s', async () => {
    const { completions, caller, clock, request } = createStage();
    caller.script = (call, index) => (index === 0 ? call.fail(failure('SERVER_ERROR'), { durationMs: 0 }) : call.answer('ok'));
    const running = completions.complete(request(), STAYS);
    await clock.advance(1_000);
    expect((await running).state.record.timing).toEqual({ queuedMs: 0, gatewayMs: 0, firstTokenMs: null, totalMs: 500 });
  });

  test('C13 without a price the cost is unknown, never zero', async () => {
    const { completions, caller, request } = createStage([deployment({ model: { prices: [] } })]);
    const running = completions.complete(request(), STAYS);
    caller.calls[0]!.answer('x');
    expect((await running).state.record.cost).toMatchObject({ total: null, quality: 'UNPRICED' });
  });

  test('a deployment’s own price goes before its model’s', async () => {
    const { PRICE } = await import('./kit.js');
    const free = {
      ...PRICE,
      tiers: [
        {
          aboveInputTokens: 0,
          rates: PRICE.tiers[0]!.rates.map((rate) => ({ ...rate, amount: (rate.amount * 0n) as typeof rate.amount })),
        },
      ],
    };
    const { completions, caller, request } = createStage([deployment({ prices: [free] })]);
    const running = completions.complete(request(), STAYS);
    caller.calls[0]!.answer('x');
    expect((await running).state.record.cost).toMatchObject({ total: 0n, quality: 'FREE' });
  });

  test('a provider’s refusal of the request names the field and keeps the provider’s words from the caller', async () => {
    const { completions, caller, request } = createStage();
    const running = completions.complete(request(), STAYS);
    caller.calls[0]!.fail(failure('UNSUPPORTED_PARAMETER', { httpStatus: 400, parameter: 'seed' }));
    await settled();
    caller.calls[1]!.fail(failure('UNSUPPORTED_PARAMETER', { httpStatus: 400, parameter: 'seed' }));
    const { error, state } = await running;
    expect(error).toMatchObject({ code: 'INVALID_REQUEST', problems: [{ path: 'seed' }] });
    expect(JSON.stringify(error)).not.toContain('upstream said');
    expect(state.record.attempts[1]?.failure?.detail).toContain('upstream said');
  });

  test('what the gateway itself could not say to the provider is told to the caller', async () => {
    const { completions, caller, request } = createStage();
    const running = completions.complete(request(), STAYS);
    caller.calls[0]!.fail(failure('CALLER', { callerMessage: 'Documents need a PDF here.' }), { accepted: false });
    const { error, state } = await running;
    expect(error).toMatchObject({ code: 'INVALID_REQUEST', message: 'Documents need a PDF here.' });
    // Nothing was sent: the row says so, and no report counts it among what failed upstream.
    expect(state.record).toMatchObject({ status: 'BLOCKED', cost: { quality: 'EXACT' }, usage: { source: 'NONE' } });
  });

  test('R10 what the provider asks to wait reaches the caller', async () => {
    const { completions, caller, request } = createStage();
    const running = completions.complete(request({ input: input({ timeoutMs: 5_000 }) }), STAYS);
    caller.calls[0]!.fail(failure('RATE_LIMITED', { httpStatus: 429, retryAfterMs: 7_000 }));
    expect((await running).error).toMatchObject({ code: 'PROVIDER_OVERLOADED', retryAfterMs: 7_000 });
  });

  test('a bug in dispatch still leaves a row, and the caller an answer', async () => {
    const { completions, caller, ledger, logger, request } = createStage();
    caller.script = () => {
      throw new Error('boom');
    };
    const { error } = await completions.complete(request(), STAYS);
    expect(error?.code).toBe('INTERRUPTED');
    expect(ledger.rows).toMatchObject([{ status: 'FAILED' }]);
    expect(logger.messages('error')).toEqual(['dispatch failed unexpectedly']);
  });
});

describe('refusals', () => {
  test.each([
    ['an unknown model', { input: input({ model: 'nope' }) }, 'MODEL_NOT_FOUND'],
    ['no messages', { input: input({ messages: [] }) }, 'INVALID_REQUEST'],
    ['a key that is too long', { idempotencyKey: 'k'.repeat(256) }, 'INVALID_REQUEST'],
    ['a NUL byte in the key', { idempotencyKey: 'a\0' }, 'INVALID_REQUEST'],
    ['a forbidden model', { principal: principal({ models: new Set(['other']) }) }, 'MODEL_NOT_ALLOWED'],
  ])('%s leaves a BLOCKED row that used and cost nothing', async (_, fields, code) => {
    const { completions, caller, ledger, request } = createStage();
    const { state, error } = await completions.complete(request(fields), STAYS);
    expect(error?.code).toBe(code);
    expect(state).toEqual({ record: ledger.rows[0], message: null });
    expect(state.record).toMatchObject({ status: 'BLOCKED', contentState: 'NOT_STORED', served: null, routing: null });
    expect(state.record).toMatchObject({ usage: { source: 'NONE' }, cost: { total: 0n, quality: 'EXACT' }, error: { code } });
    expect(caller.calls).toHaveLength(0);
  });

  test('a row names the model as it was written, cut and storable', async () => {
    const { completions, ledger, request } = createStage();
    await completions.complete(request({ input: input({ model: `a\0${'b'.repeat(999)}` }) }), STAYS);
    expect(ledger.rows[0]?.requestedModel).toHaveLength(255);
    expect(ledger.rows[0]?.requestedModel).toMatch(/^a\uFFFDb+$/);
  });

  test('a streamed refusal is a single failed event, number 0', async () => {
    const { completions, ledger, request } = createStage();
    const events = await collect(
      await completions.stream({ ...request({ input: input({ model: 'nope' }) }), idempotencyKey: 'k', after: -1 }),
    );
    expect(events).toMatchObject([{ type: 'failed', sequence: 0, error: { code: 'MODEL_NOT_FOUND' } }]);
    expect(ledger.rows).toHaveLength(1);
  });

  test('the key’s own tags stand, and the call’s join them', async () => {
    const { completions, ledger, request } = createStage();
    const own = principal({ tags: [{ key: 'cost-center', value: '7' }] });
    const tags = [
      { key: 'cost-center', value: '8' },
      { key: 'feature', value: 'chat' },
    ];
    await completions.complete(request({ principal: own, input: input({ model: 'nope', tags }) }), STAYS);
    expect(ledger.rows[0]?.tags).toEqual([
      { key: 'cost-center', value: '7' },
      { key: 'feature', value: 'chat' },
    ]);
  });

  test('no new work while the ledger is behind', async () => {
    const { completions, ledger, request } = createStage();
    ledger.saturated = true;
    await expect(completions.complete(request(), STAYS)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await expect(completions.stream({ ...request(), idempotencyKey: 'k', after: -1 })).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
  });
});

describe('streams', () => {
  test('S21 events are numbered from 0: started, deltas in the model’s order, usage once, one end', async () => {
    const { completions, caller, clock, request } = createStage();
    const events = collect(await completions.stream({ ...request(), idempotencyKey: 'k', after: -1 }));
    await settled();
    const [upstream] = caller.calls;
    upstream!.say({ type: 'reasoning', text: 'hm' }, { type: 'text', text: 'a' });
    await clock.advance(50);
    upstream!.say(
      { type: 'toolCall', index: 0, id: 'c0', name: 'f', argumentsDelta: '{"x"' },
      { type: 'toolCall', index: 0, argumentsDelta: ':1}' },
    );
    upstream!.answer('b');
    const all = await events;
    expect(typesOf(all)).toEqual(['started', 'reasoning', 'text', 'toolCall', 'toolCall', 'text', 'usage', 'finished']);
    expect(all.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(all[3]).toMatchObject({ id: 'c0', name: 'f', argumentsDelta: '{"x"' });
    expect(all[4]).toMatchObject({ id: null, name: null, argumentsDelta: ':1}' });
  });

  test('S16 argument deltas 100 ms apart each reach the reader at once, and none is lost', async () => {
    const { completions, caller, clock, request } = createStage();
    const events = await completions.stream({ ...request(), idempotencyKey: 'k', after: -1 });
    await events.next();
    await settled();
    for (let index = 0; index < 20; index += 1) {
      await clock.advance(100);
      caller.calls[0]!.say({ type: 'toolCall', index: 0, ...(index === 0 ? { id: 'c', name: 'f' } : {}), argumentsDelta: `${index},` });
      const { value } = await events.next();
      expect(value).toMatchObject({ type: 'toolCall', argumentsDelta: `${index},`, at: clock.now() });
    }
  });

  test('S30 after content there is no restart: a failure with the partial usage and cost', async () => {
    const { completions, caller, clock, request } = createStage();
    const events = collect(await completions.stream({ ...request(), idempotencyKey: 'k', after: -1 }));
    await settled();
    caller.calls[0]!.say({ type: 'text', text: 'Once upon' });
    caller.calls[0]!.fail(failure('OVERLOADED', { httpStatus: 529 }));
    await clock.advance(60_000);
    const last = (await events).at(-1);
    expect(last).toMatchObject({
      type: 'failed',
      error: { code: 'PROVIDER_OVERLOADED' },
      completion: { record: { usage: { source: 'ESTIMATED' } } },
    });
    expect(caller.calls).toHaveLength(1);
  });

  test('a retry is told, with the failed attempt and its bill', async () => {
    const { completions, caller, clock, request } = createStage();
    const events = collect(await completions.stream({ ...request(), idempotencyKey: 'k', after: -1 }));
    await settled();
    caller.calls[0]!.fail(failure('OVERLOADED'));
    await clock.advance(5_000);
    caller.calls[1]!.answer('ok');
    const all = await events;
    expect(typesOf(all)).toEqual(['started', 'rerouted', 'text', 'usage', 'finished']);
    expect(all[1]).toMatchObject({ failed: { index: 0, failure: { class: 'OVERLOADED' }, cost: { total: 0n } } });
  });

  test.each(['returned', 'aborted', 'forgotten'] as const)(
    'G2 an iterator that is never pulled (%s) calls nobody, and frees its key',
    async (how) => {
      const { completions, caller, ledger, clock, shared, request } = createStage();
      const reader = new AbortController();
      const events = await completions.stream({ ...request(), idempotencyKey: 'k', after: -1, reader: reader.signal });
      if (how === 'returned') await events.return?.();
      if (how === 'aborted') reader.abort();
      await clock.advance(how === 'forgotten' ? 610_000 : 10_000);
      expect([caller.calls.length, completions.running, clock.waiting, shared.keys.size]).toEqual([0, 0, 0, 0]);
      expect(ledger.rows).toMatchObject([{ attempts: [], cost: { total: 0n } }]);
    },
  );

  test('an equal call that comes before the first pull launches it', async () => {
    const { completions, caller, request } = createStage();
    const events = await completions.stream({ ...request(), idempotencyKey: 'k', after: -1 });
    const other = completions.complete(request({ idempotencyKey: 'k' }), STAYS);
    caller.calls[0]!.answer('for both');
    expect((await other).error).toBeNull();
    expect(textOf(await collect(events))).toBe('for both');
    expect(caller.calls).toHaveLength(1);
  });

  test('two readers of one completion read the same, and a position resumes', async () => {
    const { completions, caller, clock, request, owner } = createStage();
    const { state } = await completions.start(request());
    const first = collect(await completions.read(owner, state.record.id, { after: -1 }));
    caller.calls[0]!.say({ type: 'text', text: 'one ' });
    await clock.advance(50);
    const second = collect(await completions.read(owner, state.record.id, { after: 1 }));
    caller.calls[0]!.answer('two');
    expect(textOf(await first)).toBe('one two');
    expect(textOf(await second)).toBe('two');
    expect(await second).toEqual((await first).slice(2));
    expect(await collect(await completions.read(owner, state.record.id, { after: -1 }))).toEqual(await first);
  });

  test('a position must have been; past the end of a finished one there is nothing', async () => {
    const { completions, caller, request, owner } = createStage();
    const { state } = await completions.start(request());
    for (const after of [-2, 1, 0.5, Number.NaN])
      await expect(completions.read(owner, state.record.id, { after })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await expect(completions.stream({ ...request(), idempotencyKey: 'new', after: 5 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    caller.calls[0]!.answer('x');
    await settled();
    expect(await collect(await completions.read(owner, state.record.id, { after: 999 }))).toEqual([]);
  });
});
