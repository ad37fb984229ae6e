import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { newId } from '../../src/core/ids.js';
import type { HedgeTerms, Route, RouteNode } from '../../src/core/routes.js';
import { parseCompletionInput } from '../../src/inference/input/parse.js';
import type { DispatchWatch } from '../../src/routing/contract.js';
import { createHealthBoard } from '../../src/routing/health.js';
import { createHedgeBudget } from '../../src/routing/hedge-budget.js';
import { createRouter } from '../../src/routing/router.js';
import { createScriptedCaller, deployment, failure, input, principal, snapshotOf } from '../inference/kit.js';
import type { UpstreamCall } from '../inference/kit.js';
import { createManualClock, settled } from '../kit/manual-clock.js';

const TARGETS = ['d0', 'd1', 'd2'].map((slug) => deployment({ slug, provider: { slug: `p-${slug}` }, model: { slug: `m-${slug}` } }));
const target = (slug: string): RouteNode => ({ target: { deployment: slug, maxAttempts: 1 } });

function routeOf(definition: RouteNode): Route {
  const current = { version: 1, definition, note: null, publishedAt: new Date(0), publishedBy: 'test' };
  return { id: newId('route'), slug: 'main', current, versions: [current], deleted: false };
}

interface Told {
  readonly text: string[];
  readonly failed: string[];
  readonly outrun: string[];
}

function stage(hedge: HedgeTerms = { afterPercentile: 95, maxExtraLoad: 0.5 }) {
  const clock = createManualClock();
  const caller = createScriptedCaller();
  const health = createHealthBoard({ clock });
  const router = createRouter({ caller, health, clock, random: () => 0.5 });
  const definition = { fallback: { nodes: TARGETS.map(({ slug }) => target(slug)), hedge } };
  const snapshot = snapshotOf(TARGETS, undefined, [routeOf(definition)]);
  const who = principal();
  const parsed = parseCompletionInput(input({ model: 'main' }));
  if (!parsed.ok) throw new Error(parsed.error.message);
  const begin = (watch: Partial<DispatchWatch> = {}) => {
    const planned = router.plan(parsed.value, { principal: who, snapshot, stream: true });
    if (!planned.ok) throw new Error(planned.error.message);
    const told: Told = { text: [], failed: [], outrun: [] };
    const controller = new AbortController();
    const outcome = router.dispatch(parsed.value, planned.value, {
      ...{ stream: true, signal: controller.signal, deadlineAtMs: 1e9 },
      onDeltas: (deltas) => told.text.push(...deltas.flatMap((delta) => (delta.type === 'text' ? delta.text : []))),
      onAttemptFailed: (attempt) => told.failed.push(attempt.deployment.slug),
      onAttemptOutrun: (attempt) => told.outrun.push(attempt.deployment.slug),
      ...watch,
    });
    return { outcome, told, controller, record: planned.value.record, hedge: planned.value.hedge };
  };
  /** Answers within 100 ms, their first token after 50: a hedge comes after 50 ms. */
  const train = async (count = 12) => {
    caller.script = quickly;
    for (let index = 0; index < count; index += 1) await begin().outcome;
    caller.script = null;
  };
  const slugOf = ({ target: { deploymentId } }: UpstreamCall) => TARGETS.find(({ id }) => id === deploymentId)!.slug;
  const since = caller.calls.length;
  return { clock, caller, health, begin, train, slugOf, since };
}

function quickly(call: UpstreamCall): void {
  call.say({ type: 'text', text: 'quick' }, { type: 'end' });
  call.end({ durationMs: 100, firstTokenMs: 50 });
}

async function slowFirst() {
  const made = stage();
  await made.train();
  const before = made.caller.calls.length;
  const call = made.begin();
  await made.clock.advance(49);
  expect(made.caller.calls).toHaveLength(before + 1);
  await made.clock.advance(1);
  const [first, second] = made.caller.calls.slice(before);
  return { ...made, ...call, first: first!, second: second! };
}

describe('a hedge', () => {
  test('is planned only where the first target has answered enough, and the decision says so', async () => {
    const { begin, train } = stage();
    await train(9);
    const early = begin();
    expect(early.hedge).toBeNull();
    expect(early.record.steps.at(-1)).toMatchObject({ kind: 'HEDGE', outcome: 'none', path: 'definition.fallback' });
    await train(1);
    const { hedge, record } = begin();
    expect(hedge).toMatchObject({ to: TARGETS[1]!.id, afterMs: 50, maxExtraLoad: 0.5 });
    expect(record.steps.at(-1)).toMatchObject({ outcome: 'd1 after 50 ms', reason: 'slower than the 95th percentile of d0' });
    expect(record.candidates.find(({ deploymentId }) => deploymentId === TARGETS[0]!.id)?.seen).toMatchObject({ hedgeAfterMs: 50 });
  });

  test('asks a second target after that time; who has content first is told, the other is ended', async () => {
    const { first, second, slugOf, outcome, told } = await slowFirst();
    expect([slugOf(first), slugOf(second)]).toEqual(['d0', 'd1']);
    second.say({ type: 'text', text: 'second' });
    expect(first.aborted).toBe(true);
    first.say({ type: 'text', text: 'late' });
    second.say({ type: 'text', text: ' to none' }, { type: 'end' });
    second.end({ durationMs: 30 });
    const { status, attempts } = await outcome;
    expect(status).toBe('succeeded');
    expect(attempts.map(({ index, status: how, outrun = false }) => [index, how, outrun])).toEqual([
      [0, 'CANCELLED', true],
      [1, 'SUCCEEDED', false],
    ]);
    expect(told).toEqual({ text: ['second', ' to none'], failed: [], outrun: ['d0'] });
  });

  test('that comes second is the one to be ended, and the outcome is the first’s', async () => {
    const { first, second, outcome, told } = await slowFirst();
    first.say({ type: 'text', text: 'first' });
    expect(second.aborted).toBe(true);
    first.say({ type: 'end' });
    first.end({ durationMs: 60 });
    const { attempts } = await outcome;
    expect(attempts.map(({ index, status }) => [index, status])).toEqual([
      [1, 'CANCELLED'],
      [0, 'SUCCEEDED'],
    ]);
    expect(told).toEqual({ text: ['first'], failed: [], outrun: ['d1'] });
  });

  test('takes over where the first fails, and nobody is asked twice', async () => {
    const { first, second, outcome, told, caller, slugOf, clock } = await slowFirst();
    first.fail(failure('SERVER_ERROR'));
    await settled();
    second.fail(failure('OVERLOADED'));
    await clock.advance(10_000);
    const third = caller.calls.at(-1)!;
    expect(slugOf(third)).toBe('d2');
    quickly(third);
    expect((await outcome).attempts.map(({ deployment: { slug }, status }) => [slug, status])).toEqual([
      ['d0', 'FAILED'],
      ['d1', 'FAILED'],
      ['d2', 'SUCCEEDED'],
    ]);
    expect(told).toEqual({ text: ['quick'], failed: ['d0', 'd1'], outrun: [] });
  });

  test('that fails leaves the first alone', async () => {
    const { first, second, outcome, told } = await slowFirst();
    second.fail(failure('SERVER_ERROR'));
    await settled();
    expect(first.aborted).toBe(false);
    quickly(first);
    expect((await outcome).attempts.map(({ index, status }) => [index, status])).toEqual([
      [1, 'FAILED'],
      [0, 'SUCCEEDED'],
    ]);
    expect(told).toEqual({ text: ['quick'], failed: ['d1'], outrun: [] });
  });

  test('ends with the first where no other target can cure its failure', async () => {
    const { first, second, outcome, told } = await slowFirst();
    first.fail(failure('CALLER'));
    await settled();
    expect(second.aborted).toBe(true);
    const { status, attempts } = await outcome;
    expect([status, attempts.at(-1)?.failure?.class]).toEqual(['failed', 'CALLER']);
    expect(told.outrun).toEqual(['d1']);
  });

  test('leaves with its caller, both calls ended', async () => {
    const { first, second, outcome, controller } = await slowFirst();
    controller.abort('cancelled');
    expect([first.aborted, second.aborted]).toEqual([true, true]);
    const { status, attempts } = await outcome;
    expect(status).toBe('cancelled');
    expect(attempts.map(({ outrun = false }) => outrun)).toEqual([false, false]);
  });

  test('never comes after the first content', async () => {
    const made = stage();
    await made.train();
    const before = made.caller.calls.length;
    const { outcome } = made.begin();
    made.caller.calls.at(-1)!.say({ type: 'text', text: 'slow but here' });
    await made.clock.advance(20_000);
    expect(made.caller.calls).toHaveLength(before + 1);
    made.caller.calls.at(-1)!.end();
    expect((await outcome).status).toBe('succeeded');
    expect(made.clock.waiting).toBe(0);
  });

  test('makes a target that it has outrun no faster than it was', async () => {
    const { health, second, outcome, clock } = await slowFirst();
    await clock.advance(400);
    quickly(second);
    await outcome;
    expect(health.standing(TARGETS[0]!).reading.firstTokenMs).toBe(50);
    expect(health.health(TARGETS[0]!)).toMatchObject({ state: 'HEALTHY', errorRate: 0, inFlight: 0 });
  });

  test('stays below its share of the calls, from the first one on', async () => {
    const made = stage({ afterPercentile: 50, maxExtraLoad: 0.1 });
    await made.train(10);
    const before = made.caller.calls.length;
    let asked = 0;
    made.caller.script = (call) => {
      asked += 1;
      if (made.slugOf(call) === 'd0') made.clock.after(55, () => quickly(call));
      else made.clock.after(20, () => quickly(call));
    };
    const calls = 200;
    for (let index = 0; index < calls; index += 1) {
      const { outcome } = made.begin();
      await made.clock.advance(80);
      await outcome;
      expect(asked - (index + 1)).toBeLessThanOrEqual((index + 1) * 0.1);
    }
    expect(made.caller.calls.length - before - calls).toBe(calls * 0.1);
  });
});

test('a budget earns exactly its share', () => {
  for (const share of [0.05, 0.1, 0.3]) {
    const budget = createHedgeBudget();
    let spent = 0;
    for (let index = 0; index < 1_000; index += 1) {
      budget.earn('a', share);
      if (budget.spend('a')) spent += 1;
    }
    expect(spent).toBe(1_000 * share);
    expect(budget.spend('b')).toBe(false);
  }
});

test('whatever two targets do in whatever time, one answer is told whole, or the failure, and no timer stays', async () => {
  const conduct = fc.record({
    contentMs: fc.option(fc.integer({ min: 1, max: 200 })),
    endMs: fc.integer({ min: 1, max: 300 }),
    fails: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.tuple(conduct, conduct, conduct), async (conducts) => {
      const made = stage();
      await made.train();
      made.caller.script = (call) => {
        const { contentMs, endMs, fails } = conducts[['d0', 'd1', 'd2'].indexOf(made.slugOf(call))]!;
        if (contentMs !== null && contentMs < endMs) made.clock.after(contentMs, () => call.say({ type: 'text', text: made.slugOf(call) }));
        made.clock.after(endMs, () => (fails ? call.fail(failure('SERVER_ERROR')) : call.end({ durationMs: endMs })));
      };
      const { outcome, told } = made.begin();
      await made.clock.advance(5_000);
      const { status, attempts } = await outcome;
      const last = attempts.at(-1)!;
      expect(told.text.every((text) => text === last.deployment.slug)).toBe(true);
      expect(told.text.length).toBe(last.answer.message.parts.length);
      expect(last.status).toBe(status === 'succeeded' ? 'SUCCEEDED' : 'FAILED');
      expect(new Set(attempts.map((attempt) => attempt.deployment)).size).toBe(attempts.length);
      expect(attempts.map(({ index }) => index).toSorted()).toEqual(attempts.map((_, index) => index));
      expect(made.clock.waiting).toBe(0);
    }),
    { numRuns: 150 },
  );
});
