import { describe, expect, test } from '@jest/globals';
import { formatUsd } from '../../src/core/money.js';
import { collect, deployment, input, principal, PRICE, createStage, STAYS, typesOf } from './kit.js';
import { parseCompletionInput } from '../../src/inference/input/parse.js';
import { fingerprintOf } from '../../src/inference/idempotency.js';

const asked = (maxCost: string) => input({ maxCost });
/** $1 and $2 a million: 8 tokens in, 256 out. */
const EXPECTED = '0.00052';

describe('an estimate', () => {
  test('predicts by the price in force, says who would answer, asks nobody and books nothing', () => {
    const world = createStage([deployment()]);
    const forecast = world.completions.estimate(world.owner, input());
    if (!forecast.ok) throw new Error(forecast.error.message);
    const { cost, routing } = forecast.value;
    expect(cost.expected && formatUsd(cost.expected)).toBe(EXPECTED);
    expect(cost.inputTokens).toBe(8);
    expect(routing.candidates).toMatchObject([{ chosen: true }]);
    expect(world.caller.calls).toEqual([]);
    expect(world.ledger.rows).toEqual([]);
  });

  test('goes by a deployment’s own price before its model’s, and by the one in force now', () => {
    const later = { ...PRICE, effectiveFrom: new Date('2999-01-01T00:00:00Z') };
    const own = {
      ...PRICE,
      tiers: [{ aboveInputTokens: 0, rates: PRICE.tiers[0]!.rates.map((rate) => ({ ...rate, amount: rate.amount })) }],
      source: 'own',
    };
    const world = createStage([deployment({ prices: [own, { ...later, source: 'later' }] })]);
    const forecast = world.completions.estimate(world.owner, input());
    expect(forecast).toMatchObject({ ok: true, value: { cost: { basis: expect.stringContaining('Price: own') } } });
  });

  test.each([
    ['INVALID_REQUEST', input({ messages: [] }), {}],
    ['MODEL_NOT_FOUND', input({ model: 'nobody' }), {}],
    ['MODEL_NOT_ALLOWED', input(), { models: new Set(['other']) }],
  ])('is refused as the call would be: %s', (code, asks, fields) => {
    const world = createStage([deployment()]);
    expect(world.completions.estimate(principal(fields), asks)).toMatchObject({ ok: false, error: { code } });
    expect(world.ledger.rows).toEqual([]);
  });
});

describe('maxCost', () => {
  test('refuses what is predicted to cost more, before any upstream call, and the refusal has its row', async () => {
    const world = createStage([deployment()]);
    const { state, error } = await world.completions.complete(world.request({ input: asked('0.000519999999') }), STAYS);
    expect(error).toMatchObject({
      code: 'COST_LIMIT_EXCEEDED',
      problems: [{ path: 'maxCost', message: expect.stringContaining(EXPECTED) }],
    });
    expect(state.record).toMatchObject({ status: 'BLOCKED', usage: { source: 'NONE' }, cost: { total: 0n, quality: 'EXACT' } });
    expect(world.ledger.rows.map((row) => [row.id, row.error?.code])).toEqual([[state.record.id, 'COST_LIMIT_EXCEEDED']]);
    expect(world.caller.calls).toEqual([]);
  });

  test('lets through what is predicted to cost exactly as much', async () => {
    const world = createStage([deployment()]);
    world.caller.script = (call) => call.answer('Hi');
    const { error } = await world.completions.complete(world.request({ input: asked(EXPECTED) }), STAYS);
    expect(error).toBeNull();
  });

  test('a cap on the answer brings the prediction below it', async () => {
    const world = createStage([deployment()]);
    world.caller.script = (call) => call.answer('Hi');
    const { error } = await world.completions.complete(world.request({ input: input({ maxCost: '0.00003', maxOutputTokens: 10 }) }), STAYS);
    expect(error).toBeNull();
  });

  test('of zero lets free models through', async () => {
    const free = {
      ...PRICE,
      tiers: [{ aboveInputTokens: 0, rates: PRICE.tiers[0]!.rates.map((rate) => ({ ...rate, amount: 0n as never })) }],
    };
    const world = createStage([deployment({ model: { prices: [free] } })]);
    world.caller.script = (call) => call.answer('Hi');
    expect((await world.completions.complete(world.request({ input: asked('0') }), STAYS)).error).toBeNull();
  });

  test('C13 without a price can’t be kept: UNPRICED_MODEL, which names the model', async () => {
    const world = createStage([deployment({ model: { prices: [] } })]);
    const { state, error } = await world.completions.complete(world.request({ input: asked('100') }), STAYS);
    expect(error).toMatchObject({ code: 'UNPRICED_MODEL', model: 'gpt' });
    expect(state.record.status).toBe('BLOCKED');
  });

  test('holds for streams and started completions alike, and the refusal frees its key', async () => {
    const world = createStage([deployment()]);
    const request = world.request({ input: asked('0.0001'), idempotencyKey: 'k' });
    const events = await collect(await world.completions.stream({ ...request, idempotencyKey: 'k', after: -1 }));
    expect(typesOf(events)).toEqual(['failed']);
    expect((await world.completions.start(request)).error?.code).toBe('COST_LIMIT_EXCEEDED');
    world.caller.script = (call) => call.answer('Hi');
    expect((await world.completions.complete({ ...request, input: asked('1') }, STAYS)).error).toBeNull();
  });

  test('is part of what an idempotency key stands for', () => {
    const print = (maxCost: string | null) => {
      const parsed = parseCompletionInput(input({ maxCost }));
      if (!parsed.ok) throw new Error(parsed.error.message);
      return fingerprintOf(parsed.value);
    };
    expect(new Set([print(null), print('0'), print('1')]).size).toBe(3);
    expect(print('1.0')).toBe(print('1'));
  });

  test.each(['-1', '0.0000000000001', '1e3', 'much', ''])('%j is no amount', (maxCost) => {
    expect(parseCompletionInput(asked(maxCost))).toMatchObject({
      ok: false,
      error: {
        code: 'INVALID_REQUEST',
        problems: [{ path: 'maxCost', message: 'must be an amount in USD from 0 on, with at most 12 decimals' }],
      },
    });
  });
});
