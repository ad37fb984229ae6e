import { describe, expect, test } from '@jest/globals';
import { parseCompletionInput } from '../../src/inference/input/parse.js';
import { newId } from '../../src/core/ids.js';
import { createHealthBoard } from '../../src/routing/health.js';
import { createRetryBudget } from '../../src/routing/retry-budget.js';
import { createRouter } from '../../src/routing/router.js';
import { Secret } from '../../src/core/secret.js';
import { createManualClock } from '../kit/manual-clock.js';
import { createScriptedCaller, deployment, failure, input, usage } from '../inference/kit.js';

function createStage(fields: Parameters<typeof deployment>[0] = {}) {
  const clock = createManualClock();
  const caller = createScriptedCaller();
  const health = createHealthBoard({ clock });
  const router = createRouter({ caller, health, clock, random: () => 0.5 });
  const target = deployment(fields);
  const controller = new AbortController();
  const retries: [number, string][] = [];
  const parsed = parseCompletionInput(input());
  if (!parsed.ok) throw new Error(parsed.error.message);
  const call = parsed.value;
  const plan = { targets: [target], record: { route: null, routeVersion: null, seed: 's', steps: [], candidates: [] } };
  const dispatch = (watch = {}) =>
    router.dispatch(call, plan, {
      ...{ stream: true, signal: controller.signal, deadlineAtMs: 600_000, onDeltas: () => undefined },
      onAttemptFailed: (attempt, reason) => retries.push([attempt.index, reason]),
      ...watch,
    });
  return { clock, caller, health, target, controller, retries, dispatch };
}

describe('dispatch', () => {
  test('hands the target over as the catalogue describes it', async () => {
    const apiKey = new Secret('sk-test');
    const { caller, target, dispatch } = createStage({
      provider: { credential: { apiKey, lastFour: 'test', setAt: new Date(0) }, headers: { 'x-org': '1' }, preset: 'groq' },
      model: { maxOutputTokens: 99 },
    });
    void dispatch();
    expect(caller.calls[0]!.target).toEqual({
      ...{ deploymentId: target.id, providerSlug: 'acme', preset: 'groq', wireFormat: 'OPENAI_CHAT', baseUrl: 'http://acme.test/v1' },
      ...{ upstreamModel: 'gpt-upstream', headers: { 'x-org': '1' }, apiKey, allowPrivateNetwork: false },
      ...{ capabilities: target.model.capabilities, maxOutputTokens: 99, model: 'gpt', account: null, region: null, tls: null },
    });
    expect(caller.calls[0]!.options.timeouts).toEqual({ connectMs: 5_000, firstTokenMs: 60_000, idleMs: 30_000 });
  });

  test('F2 an upstream that always fails is asked exactly three times, 500 ms and 1 s apart', async () => {
    const { clock, caller, retries, dispatch } = createStage();
    const times: number[] = [];
    caller.script = (call) => {
      times.push(clock.monotonicMs());
      call.fail(failure('SERVER_ERROR', { httpStatus: 500 }), { warnings: ['dropped seed'] });
    };
    const outcome = dispatch();
    await clock.advance(60_000);
    expect(await outcome).toMatchObject({ status: 'failed', pausedMs: 1_500, warnings: ['dropped seed'] });
    expect((await outcome).attempts.map(({ index, status }) => [index, status])).toEqual([
      [0, 'FAILED'],
      [1, 'FAILED'],
      [2, 'FAILED'],
    ]);
    expect(times).toEqual([0, 500, 1_500]);
    expect(retries.map(([index]) => index)).toEqual([0, 1]);
  });

  test('Retry-After is kept to', async () => {
    const { clock, caller, dispatch } = createStage();
    const times: number[] = [];
    caller.script = (call, index) => {
      times.push(clock.monotonicMs());
      if (index === 0) call.fail(failure('RATE_LIMITED', { httpStatus: 429, retryAfterMs: 7_000 }));
      else call.answer('ok');
    };
    const outcome = dispatch();
    await clock.advance(60_000);
    expect((await outcome).status).toBe('succeeded');
    expect(times).toEqual([0, 7_000]);
  });

  test('Retry-After of more than 60 s in all is not waited for', async () => {
    const { clock, caller, dispatch } = createStage();
    caller.script = (call) => call.fail(failure('RATE_LIMITED', { retryAfterMs: 40_000 }));
    const outcome = dispatch();
    await clock.advance(200_000);
    expect((await outcome).attempts).toHaveLength(2);
  });

  test('an abort during the pause ends it at once, and leaves no timer', async () => {
    const { clock, caller, controller, dispatch } = createStage();
    caller.script = (call) => call.fail(failure('CONNECTION'));
    const outcome = dispatch();
    await clock.advance(100);
    expect(clock.waiting).toBe(1);
    controller.abort();
    expect(await outcome).toMatchObject({ status: 'cancelled', attempts: [{ status: 'FAILED' }] });
    expect(clock.waiting).toBe(0);
  });

  test('a caller who left before the first attempt costs none', async () => {
    const { caller, controller, dispatch } = createStage();
    controller.abort();
    expect(await dispatch()).toMatchObject({ status: 'cancelled', attempts: [] });
    expect(caller.calls).toHaveLength(0);
  });

  test('each attempt keeps its own answer and usage', async () => {
    const { clock, caller, dispatch } = createStage();
    caller.script = (call, index) => {
      call.say({ type: 'usage', usage: usage(index + 1, 0) });
      if (index < 2) call.fail(failure('OVERLOADED'));
      else call.answer('done', usage(3, 1));
    };
    const outcome = dispatch();
    await clock.advance(60_000);
    expect((await outcome).attempts.map(({ answer }) => answer.usage?.input)).toEqual([1, 2, 3]);
  });
});

describe('the retry budget', () => {
  const { id } = deployment();

  test('sixty a minute are always allowed, and a fifth of the load beyond', async () => {
    const clock = createManualClock();
    const budget = createRetryBudget({ clock });
    for (let index = 0; index < 60; index += 1) {
      expect(budget.allowsRetry(id)).toBe(true);
      budget.countAttempt(id, true);
    }
    expect(budget.allowsRetry(id)).toBe(false);
    for (let index = 0; index < 305; index += 1) budget.countAttempt(id, false);
    expect(budget.allowsRetry(id)).toBe(true);
    budget.countAttempt(id, true);
    expect(budget.allowsRetry(id)).toBe(false);
    await clock.advance(65_000);
    expect(budget.allowsRetry(id)).toBe(true);
  });

  test('is each deployment’s own', () => {
    const budget = createRetryBudget({ clock: createManualClock() });
    for (let index = 0; index < 60; index += 1) budget.countAttempt(id, true);
    expect(budget.allowsRetry(deployment().id)).toBe(true);
  });

  test('forgets who was not called for a minute, and never counts more than 5,000', async () => {
    const clock = createManualClock();
    const budget = createRetryBudget({ clock });
    for (let index = 0; index < 60; index += 1) budget.countAttempt(id, true);
    for (let index = 0; index < 5_100; index += 1) budget.countAttempt(newId('deployment'), false);
    expect(budget.counted).toBe(5_000);
    for (let index = 0; index < 60; index += 1) budget.countAttempt(id, true);
    await clock.advance(30_000);
    budget.countAttempt(id, true);
    await clock.advance(35_000);
    budget.countAttempt(newId('deployment'), false);
    expect(budget.counted).toBe(2);
    expect(budget.allowsRetry(id)).toBe(true);
  });
});

describe('health', () => {
  test('nothing known is HEALTHY, since the first look', () => {
    const { health, target, clock } = createStage();
    expect(health.health(target)).toEqual({
      ...{ state: 'HEALTHY', reason: null, since: clock.now(), until: null, inFlight: 0, errorRate: 0, failures: 0 },
      ...{ firstTokenMsP50: null, latencyMsP50: null, latencyMsP95: null, tokensPerSecond: null },
    });
  });

  test('tells what is in flight, how fast, and how often it fails', async () => {
    const { health, target, caller, dispatch } = createStage();
    const durations = [100, 200, 300, 1_000];
    for (const durationMs of durations) {
      const outcome = dispatch();
      expect(health.health(target).inFlight).toBe(1);
      caller.calls.at(-1)!.say({ type: 'usage', usage: usage(1, 40) });
      caller.calls.at(-1)!.end({ durationMs, firstTokenMs: durationMs / 10 });
      await outcome;
    }
    const failed = dispatch({ deadlineAtMs: 0 });
    caller.calls.at(-1)!.fail(failure('SERVER_ERROR'));
    await failed;
    expect(health.health(target)).toMatchObject({
      ...{ state: 'DEGRADED', reason: '20 % of 5 attempts failed in the last minute', inFlight: 0, errorRate: 0.2, failures: 1 },
      ...{ firstTokenMsP50: 20, latencyMsP50: 200, latencyMsP95: 1_000, tokensPerSecond: 100 },
    });
  });

  test('a caller’s own mistakes and cancels don’t count against it', async () => {
    const { health, target, caller, dispatch } = createStage();
    for (let index = 0; index < 10; index += 1) {
      const outcome = dispatch();
      if (index % 2 === 0) caller.calls.at(-1)!.fail(failure('CALLER'));
      else caller.calls.at(-1)!.end({ status: 'cancelled' });
      await outcome;
    }
    expect(health.health(target)).toMatchObject({ state: 'HEALTHY', errorRate: 0, inFlight: 0 });
  });

  test('a caller’s slow files and mistakes are none of its time', async () => {
    const { health, target, caller, dispatch } = createStage();
    const answered = dispatch();
    caller.calls.at(-1)!.end({ durationMs: 5_000, fetchMs: 4_900 });
    await answered;
    const refused = dispatch();
    caller.calls.at(-1)!.end({ status: 'failed', failure: failure('CALLER'), durationMs: 20_000 });
    await refused;
    expect(health.health(target)).toMatchObject({ latencyMsP50: 100, latencyMsP95: 100 });
    expect(health.standing(target).reading.latencyMs).toBe(100);
  });

  test('what is degraded recovers when the minute is over, and says since when', async () => {
    const { health, target, caller, clock, dispatch } = createStage();
    for (const failing of [false, false, false, true, true]) {
      const outcome = dispatch({ deadlineAtMs: 0 });
      if (failing) caller.calls.at(-1)!.fail(failure('SERVER_ERROR'));
      else caller.calls.at(-1)!.answer('ok');
      await outcome;
    }
    expect(health.health(target)).toMatchObject({ state: 'DEGRADED', errorRate: 0.4 });
    await clock.advance(60_000);
    expect(health.health(target)).toMatchObject({ state: 'HEALTHY', errorRate: 0, since: clock.now() });
  });

  test('what is switched off is DISABLED, with the reason', () => {
    const { health, target } = createStage();
    expect(health.health({ ...target, enabled: false })).toMatchObject({ state: 'DISABLED', reason: 'the deployment is disabled' });
    const provider = { ...target.provider, enabled: false };
    expect(health.health({ ...target, provider })).toMatchObject({ state: 'DISABLED', reason: 'its provider is disabled' });
  });

  test('an upstream caller that breaks leaves nothing in flight', async () => {
    const { health, target, caller, dispatch } = createStage();
    caller.script = () => {
      throw new Error('boom');
    };
    await expect(dispatch()).rejects.toThrow('boom');
    expect(health.health(target).inFlight).toBe(0);
  });
});
