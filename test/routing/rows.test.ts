import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CODE_OF_FAILURE } from '../../src/core/errors.js';
import { FAILURE_POLICIES } from '../../src/core/failures.js';
import { FAILURE_CLASSES } from '../../src/core/vocabulary.js';
import type { FailureClass } from '../../src/core/vocabulary.js';
import { PIN_TTL_MS } from '../../src/routing/memory.js';
import { deployment, failure, principal } from '../inference/kit.js';
import type { RouteNode } from '../../src/core/routes.js';
import { createRoutingStage, to } from './stage.js';

const [a, b, c] = (['a', 'b', 'c'] as const).map((slug) =>
  deployment({ slug, provider: { slug: `at-${slug}` }, model: { slug: `m-${slug}` } }),
);
const ALL = [a!, b!, c!];
const inOrder = (...slugs: readonly string[]) => ({ fallback: { nodes: slugs.map((slug) => to(slug)) } });

describe('F1 A → B → A', () => {
  const ring = { fallback: { nodes: [to('a'), { fallback: { nodes: [to('b'), to('a')] } }] } };

  test('with two retries, both always 429: four calls, each target once, in one go', async () => {
    const stage = createRoutingStage({ deployments: ALL, main: ring });
    stage.caller.script = (call) => call.fail(failure('RATE_LIMITED', { httpStatus: 429, retryAfterMs: 1_000 }));
    const running = stage.run();
    await stage.clock.advance(60_000);
    expect((await running).status).toBe('failed');
    expect(stage.asked()).toEqual(['a', 'b', 'b', 'b']);
  });

  test('no retry outlasts the whole call', async () => {
    const stage = createRoutingStage({ deployments: ALL, main: ring });
    stage.caller.script = (call) => call.fail(failure('RATE_LIMITED', { httpStatus: 429, retryAfterMs: 1_000 }));
    const running = stage.run({}, { watch: { deadlineAtMs: 1_500 } });
    await stage.clock.advance(60_000);
    expect((await running).status).toBe('failed');
    expect(stage.asked()).toEqual(['a', 'b', 'b']);
  });

  test('routes that lead to one another by name are entered once each', async () => {
    const others = { ping: { fallback: { nodes: [to('a'), { target: { route: 'pong' } }] } }, pong: inOrder('b', 'a') };
    const stage = createRoutingStage({ deployments: ALL, main: { target: { route: 'ping' } }, others });
    expect(stage.order()).toEqual(['a', 'b']);
  });
});

test('F2 an upstream that always answers 429 is asked exactly three times', async () => {
  const stage = createRoutingStage({ deployments: ALL, main: to('a') });
  stage.caller.script = (call) => call.fail(failure('RATE_LIMITED', { httpStatus: 429 }));
  const running = stage.run();
  await stage.clock.advance(60_000);
  await running;
  expect(stage.asked()).toEqual(['a', 'a', 'a']);
});

test('F3 a second, shorter cooldown does not win: 429 for 60 s, then one without a time', async () => {
  const stage = createRoutingStage({ deployments: ALL, main: to('a', { maxAttempts: 1 }) });
  const causes = [failure('RATE_LIMITED', { retryAfterMs: 60_000 }), failure('RATE_LIMITED')];
  const both = [stage.prepare(), stage.prepare()];
  stage.caller.script = (call, index) => call.fail(causes[index]!);
  const startedMs = stage.clock.now().getTime();
  const watch = { stream: false, signal: new AbortController().signal, deadlineAtMs: 1e6, onDeltas: () => undefined };
  const dispatched = both.flatMap(({ call, plan }) => (plan.ok ? [stage.router.dispatch(call, plan.value, watch)] : []));
  await Promise.all(dispatched);
  expect(stage.asked()).toEqual(['a', 'a']);
  expect(stage.health.health(a!).until?.getTime()).toBe(startedMs + 60_000);
});

test('F4 the third 500 in a row takes a target out of the very next pick', async () => {
  const stage = createRoutingStage({ deployments: ALL, main: inOrder('a', 'b') });
  stage.caller.script = (call) => (call.target.deploymentId === a!.id ? call.fail(failure('SERVER_ERROR')) : call.answer('ok'));
  for (let index = 0; index < 4; index += 1) expect((await stage.run()).status).toBe('succeeded');
  expect(stage.asked()).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'b']);
});

test('F5 when its time is over one call at a time probes a target, and the others go elsewhere', async () => {
  const stage = createRoutingStage({ deployments: ALL, main: inOrder('a', 'b') });
  stage.caller.script = (call) => (call.target.deploymentId === a!.id ? call.fail(failure('SERVER_ERROR')) : call.answer('ok'));
  for (let index = 0; index < 3; index += 1) await stage.run();
  await stage.clock.advance(30_000);
  stage.caller.script = (call) => {
    if (call.target.deploymentId === b!.id) call.answer('ok');
  };
  const before = stage.caller.calls.length;
  const storm = Array.from({ length: 20 }, () => stage.run());
  await stage.clock.advance(0);
  const asked = stage.asked().slice(before);
  expect([asked.filter((slug) => slug === 'a').length, asked.filter((slug) => slug === 'b').length]).toEqual([1, 19]);
  for (const call of stage.caller.calls.slice(before)) if (call.target.deploymentId === a!.id) call.answer('ok');
  expect((await Promise.all(storm)).map(({ status }) => status)).toEqual(storm.map(() => 'succeeded'));
});

test('F5 a caller who has left by the time takes no probe’s place: the next one probes', async () => {
  const stage = createRoutingStage({ deployments: ALL, main: inOrder('a', 'b') });
  stage.caller.script = (call) => (call.target.deploymentId === a!.id ? call.fail(failure('SERVER_ERROR')) : call.answer('ok'));
  for (let index = 0; index < 3; index += 1) await stage.run();
  await stage.clock.advance(30_000);
  const gone = { signal: AbortSignal.abort() };
  expect(await stage.run({}, { watch: gone })).toMatchObject({ status: 'cancelled', attempts: [] });
  const before = stage.caller.calls.length;
  stage.caller.script = (call) => call.answer('ok');
  for (let index = 0; index < 2; index += 1) expect((await stage.run()).status).toBe('succeeded');
  expect(stage.asked().slice(before)).toEqual(['a', 'a']);
  expect(stage.health.health(a!).state).toBe('HEALTHY');
});

test.each([
  ['FAIL', 1],
  ['TRY_SOONEST', 20],
] as const)('F5 a crowd that planned together meets its only target half open: %s lets %d through', async (whenAllOpen, through) => {
  const main: RouteNode = { fallback: { nodes: [to('a', { maxAttempts: 1 })], whenAllOpen } };
  const stage = createRoutingStage({ deployments: ALL, main });
  stage.caller.script = (call) => call.fail(failure('SERVER_ERROR'));
  for (let index = 0; index < 3; index += 1) await stage.run();
  await stage.clock.advance(30_000);
  stage.caller.script = () => undefined;
  const before = stage.caller.calls.length;
  // Between plan and dispatch a call may wait for its key: here all have planned before the first is sent.
  const crowd = Array.from({ length: 20 }, () => stage.prepare());
  const watch = () => ({ stream: false, signal: new AbortController().signal, deadlineAtMs: 600_000, onDeltas: () => undefined });
  const outcomes = crowd.map(({ call, plan }) =>
    plan.ok ? stage.router.dispatch(call, plan.value, watch()) : Promise.reject(new Error(plan.error.code)),
  );
  await stage.clock.advance(0);
  expect(stage.caller.calls.length - before).toBe(through);
  for (const call of stage.caller.calls.slice(before)) call.answer('ok');
  const refusals = (await Promise.all(outcomes)).filter(({ refusal }) => refusal);
  expect(refusals).toHaveLength(20 - through);
  for (const { status, attempts, refusal } of refusals)
    expect({ status, attempts, refusal }).toMatchObject({
      status: 'failed',
      attempts: [],
      refusal: { code: 'ALL_TARGETS_COOLING', retryAfterMs: expect.any(Number) },
    });
});

test('F7 a 429 moves on without a wait where another target is healthy', async () => {
  const stage = createRoutingStage({ deployments: ALL, main: inOrder('a', 'b') });
  stage.caller.script = (call, index) => (index === 0 ? call.fail(failure('RATE_LIMITED', { retryAfterMs: 30_000 })) : call.answer('ok'));
  expect(await stage.run()).toMatchObject({ status: 'succeeded', pausedMs: 0 });
  expect(stage.clock.monotonicMs()).toBe(0);
  expect(stage.asked()).toEqual(['a', 'b']);
});

describe('F8 a session keeps its target', () => {
  const sticky = {
    balance: { strategy: 'ROUND_ROBIN' as const, sticky: 'SESSION' as const, branches: [{ node: to('a') }, { node: to('b') }] },
  };
  const session = { sessionId: 'one' };
  const start = () => {
    const stage = createRoutingStage({ deployments: ALL, main: sticky });
    stage.caller.script = (call) => call.answer('ok');
    return stage;
  };

  test('for as long as any provider keeps a prompt, counted from its last turn', async () => {
    expect(PIN_TTL_MS).toBeGreaterThanOrEqual(3_600_000);
    const stage = start();
    for (let turn = 0; turn < 20; turn += 1) {
      await stage.run(session);
      await stage.clock.advance(PIN_TTL_MS - 1);
    }
    expect(new Set(stage.asked())).toEqual(new Set(['a']));
    await stage.clock.advance(PIN_TTL_MS);
    expect(stage.plan(session).record.steps[0]?.reason).toMatch(/^ROUND_ROBIN: turn/);
  });

  test('and another key’s session of the same name has one of its own', async () => {
    const stage = start();
    const [mine, theirs] = [principal(), principal()];
    for (let turn = 0; turn < 5; turn += 1) for (const who of [mine, theirs]) await stage.run(session, { who });
    expect(stage.asked()).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b', 'a', 'b']);
  });

  test.each(FAILURE_CLASSES)('%s lets go of it only where it blames the target', async (failureClass) => {
    const stage = start();
    await stage.run(session);
    stage.caller.script = (call) => (call.target.deploymentId === a!.id ? call.fail(failure(failureClass)) : call.answer('ok'));
    const running = stage.run(session);
    await stage.clock.advance(60_000);
    await running;
    stage.caller.script = (call) => call.answer('ok');
    await stage.clock.advance(600_000);
    const blames = FAILURE_POLICIES[failureClass].health !== 'none';
    expect(stage.plan(session).targets[0]?.slug).toBe(blames ? 'b' : 'a');
  });
});

describe('what can’t be said in one target’s form', () => {
  const unsayable = failure('CALLER', { callerMessage: 'This model takes one text a call.' });

  test.each<readonly [string, RouteNode]>([
    ['', inOrder('a', 'b')],
    [', whatever else leads there', { fallback: { ...inOrder('a', 'b').fallback, on: ['RATE_LIMITED'] } }],
  ])('goes to the next%s', async (_, main) => {
    const stage = createRoutingStage({ deployments: ALL, main });
    stage.caller.script = (call) => (call.target.deploymentId === a!.id ? call.fail(unsayable) : call.answer('ok'));
    expect((await stage.run()).status).toBe('succeeded');
    expect(stage.asked()).toEqual(['a', 'b']);
    expect(stage.health.health(a!)).toMatchObject({ state: 'HEALTHY', errorRate: 0 });
  });

  test('is the caller’s where nobody takes it', async () => {
    const stage = createRoutingStage({ deployments: ALL, main: inOrder('a', 'b') });
    stage.caller.script = (call) => call.fail(unsayable);
    const { status, attempts } = await stage.run();
    expect([status, attempts.at(-1)?.failure?.callerMessage]).toEqual(['failed', unsayable.callerMessage]);
    expect(stage.asked()).toEqual(['a', 'b']);
  });
});

describe('F10 the page of failures says what the table says', () => {
  const SAME = {
    no: 'no',
    yes: 'yes',
    once: 'once',
    'once-corrected': 'once, corrected',
    'after-retry-after': 'Retry-After',
    'before-content': 'before the first content',
  };
  const NEXT = {
    no: 'no',
    yes: 'yes',
    'larger-window': 'larger context window',
    'if-route-says': 'route says so',
    'before-content': 'before the first content',
  };
  const HEALTH = { none: 'no', counts: 'yes', cooldown: 'cools down', 'close-target': 'closes the target' };
  const page = readFileSync(new URL('../../docs/reference/failures.md', import.meta.url), 'utf8');
  const rows = new Map(
    page
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .map(([, name = '', ...cells]) => [name.replaceAll('`', ''), cells]),
  );

  test('every class has its row, and no row is of another', () => {
    expect([...rows.keys()]).toEqual([...FAILURE_CLASSES]);
  });

  test.each(FAILURE_CLASSES)('%s', (failureClass) => {
    const [from, same, next, health, code] = rows.get(failureClass) ?? [];
    const policy = FAILURE_POLICIES[failureClass];
    expect(from).toBe(policy.from);
    expect(same).toContain(SAME[policy.sameTarget]);
    expect(next).toContain(NEXT[policy.nextTarget]);
    expect(health).toContain(HEALTH[policy.health]);
    expect(code).toBe(`\`${CODE_OF_FAILURE[failureClass]}\``);
  });

  const ALONE: Readonly<Record<FailureClass, number>> = {
    ...{ RATE_LIMITED: 3, OVERLOADED: 3, SERVER_ERROR: 3, TIMEOUT: 2, CONNECTION: 3, AUTH: 1, TARGET_NOT_FOUND: 1, CONTEXT_LENGTH: 1 },
    ...{ CONTENT_FILTER: 1, BAD_RESPONSE: 3, UNSUPPORTED_PARAMETER: 2, CALLER: 1 },
  };

  test.each(FAILURE_CLASSES)('%s: as many calls as it says, alone and before another target', async (failureClass) => {
    const alone = createRoutingStage({ deployments: ALL, main: to('a') });
    const two = createRoutingStage({ deployments: ALL, main: inOrder('a', 'b') });
    for (const stage of [alone, two]) {
      stage.caller.script = (call) => call.fail(failure(failureClass, { parameter: 'seed' }));
      const running = stage.run();
      await stage.clock.advance(60_000);
      await running;
    }
    expect(alone.asked()).toHaveLength(ALONE[failureClass]);
    const policy = FAILURE_POLICIES[failureClass];
    const moves = policy.nextTarget === 'yes' || policy.nextTarget === 'before-content' || policy.nextTarget === 'larger-window';
    const corrected = policy.sameTarget === 'once-corrected' ? ['a'] : [];
    expect(two.asked().slice(0, 2 + corrected.length)).toEqual(moves ? ['a', ...corrected, 'b'] : ['a']);
  });
});
