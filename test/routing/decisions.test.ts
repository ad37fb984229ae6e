import { chanceAt } from '../../src/routing/chance.js';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { newId } from '../../src/core/ids.js';
import type { Route, RouteNode } from '../../src/core/routes.js';
import { BALANCE_STRATEGIES } from '../../src/core/vocabulary.js';
import { parseCompletionInput } from '../../src/inference/input/parse.js';
import { createConditionCompiler } from '../../src/routing/conditions.js';
import { createHealthBoard } from '../../src/routing/health.js';
import { createRouter } from '../../src/routing/router.js';
import { createSmoothTurns } from '../../src/routing/smooth.js';
import { createManualClock } from '../kit/manual-clock.js';
import { createScriptedCaller, deployment, failure, input, principal, snapshotOf } from '../inference/kit.js';

const DEPLOYMENTS = Array.from({ length: 8 }, (_, index) =>
  deployment({ slug: `d${index}`, weight: index, provider: { slug: `p${index}` }, model: { slug: `m${index % 3}` } }),
);

function routeOf(slug: string, definition: RouteNode): Route {
  const current = { version: 1, definition, note: null, publishedAt: new Date(0), publishedBy: 'test' };
  return { id: newId('route'), slug, current, versions: [current], deleted: false };
}

/** Chance that is the same in every run. */
function seeded(seed: string): () => number {
  let draws = 0;
  return () => chanceAt(seed, String((draws += 1)));
}

function stage(definition: RouteNode, random: () => number = seeded('stage')) {
  const clock = createManualClock();
  const caller = createScriptedCaller();
  const health = createHealthBoard({ clock });
  const sizing = { inputTokens: () => 10, cost: (_call: unknown, { slug }: { slug: string }) => Number(slug.slice(1)) };
  const router = createRouter({ caller, health, clock, random, sizing });
  const snapshot = snapshotOf(DEPLOYMENTS, undefined, [routeOf('main', definition), routeOf('inner', { target: { model: 'm1' } })]);
  const who = principal();
  const plan = (fields: object = {}) => {
    const parsed = parseCompletionInput(input({ model: 'main', ...fields }));
    if (!parsed.ok) throw new Error(parsed.error.message);
    return { call: parsed.value, plan: router.plan(parsed.value, { principal: who, snapshot }) };
  };
  return { clock, caller, health, router, snapshot, who, plan };
}

const target = fc.oneof(
  fc.constantFrom(...DEPLOYMENTS.map(({ slug }) => slug)).map((slug): RouteNode => ({ target: { deployment: slug } })),
  fc.constantFrom('m0', 'm1', 'm2').map((model): RouteNode => ({ target: { model } })),
  fc.constant<RouteNode>({ target: { route: 'inner' } }),
);

const { tree } = fc.letrec<{ tree: RouteNode }>((tie) => {
  const nodes = fc.array(tie('tree'), { minLength: 1, maxLength: 4 });
  const sticky = fc.constantFrom<object>({}, { sticky: 'SESSION' }, { sticky: 'API_KEY' });
  return {
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      target,
      nodes.map((inner): RouteNode => ({ fallback: { nodes: inner } })),
      fc.tuple(nodes, sticky).map(([inner, keep]): RouteNode => ({
        split: { branches: inner.map((node, index) => ({ name: `b${index}`, weight: index + 1, node })), ...keep },
      })),
      fc.tuple(nodes, fc.constantFrom(...BALANCE_STRATEGIES), sticky).map(([inner, strategy, keep]): RouteNode => ({
        balance: { strategy, branches: inner.map((node, index) => ({ node, weight: index + 1 })), ...keep },
      })),
      fc
        .tuple(tie('tree'), tie('tree'))
        .map(([then, otherwise]): RouteNode => ({ when: { branches: [{ if: 'request.tags.plan == "pro"', then }], otherwise } })),
    ),
  };
});

describe('a stored decision', () => {
  test('replayed, decides the same: 1,000 of 1,000', async () => {
    const calls = fc.record({ sessionId: fc.constantFrom(null, 'a', 'b'), plan: fc.constantFrom(null, 'pro', 'free') });
    await fc.assert(
      fc.asyncProperty(tree, fc.array(calls, { minLength: 1, maxLength: 5 }), async (definition, several) => {
        const { router, caller, snapshot, who, plan } = stage(definition);
        caller.script = (call, index) => (index % 3 === 2 ? call.fail(failure('TARGET_NOT_FOUND')) : call.answer('ok'));
        for (const { sessionId, plan: tag } of several) {
          const tags = tag === null ? [] : [{ key: 'plan', value: tag }];
          const { call, plan: planned } = plan({ sessionId, tags });
          if (!planned.ok) continue;
          const stored = JSON.parse(JSON.stringify(planned.value.record));
          const row = {
            operation: 'COMPLETION' as const,
            requestedModel: 'main',
            ...{ apiKeyId: who.apiKeyId, teamId: null, task: null, user: null, sessionId, tags },
            routing: stored,
          };
          const again = router.replay(row, { snapshot });
          expect(JSON.parse(JSON.stringify(again))).toEqual(stored);
          const watch = { stream: false, signal: new AbortController().signal, deadlineAtMs: 0, onDeltas: () => undefined };
          await router.dispatch(call, planned.value, watch);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('exactly one candidate is chosen, each target stands in a plan once, and all of them were looked at', () => {
    fc.assert(
      fc.property(tree, (definition) => {
        const { plan } = stage(definition).plan();
        if (!plan.ok) throw new Error(plan.error.message);
        const { targets, record } = plan.value;
        expect(new Set(targets).size).toBe(targets.length);
        expect(record.candidates.filter(({ chosen }) => chosen).map(({ deploymentId }) => deploymentId)).toEqual([targets[0]!.id]);
        for (const { id } of targets) expect(record.candidates.map(({ deploymentId }) => deploymentId)).toContain(id);
      }),
    );
  });
});

describe('strategies', () => {
  const branches = (weights: readonly number[]) =>
    weights.map((weight, index) => ({ node: { target: { deployment: `d${index}` } }, weight }));
  const served = (strategy: (typeof BALANCE_STRATEGIES)[number], weights: readonly number[], count: number) => {
    const { plan } = stage({ balance: { strategy, branches: branches(weights) } });
    return Array.from({ length: count }, () => {
      const made = plan().plan;
      return made.ok ? made.value.targets[0]!.slug : 'none';
    });
  };

  test('round robin takes turns', () => {
    expect(served('ROUND_ROBIN', [1, 1, 1], 7)).toEqual(['d0', 'd1', 'd2', 'd0', 'd1', 'd2', 'd0']);
  });

  test('weighted is smooth: five to one to one is exact in each seven, and never five in a row', () => {
    expect(served('WEIGHTED', [5, 1, 1], 7)).toEqual(['d0', 'd0', 'd1', 'd0', 'd2', 'd0', 'd0']);
  });

  test('the lowest cost goes first, and the rest follow by cost', () => {
    const { plan } = stage({ balance: { strategy: 'LOWEST_COST', branches: branches([1, 1, 1]).toReversed() } }).plan();
    expect(plan.ok && plan.value.targets.map(({ slug }) => slug)).toEqual(['d0', 'd1', 'd2']);
  });

  test('smooth turns keep every cycle exact', () => {
    const weights = fc.array(fc.nat(9), { minLength: 1, maxLength: 6 }).filter((list) => list.some((weight) => weight > 0));
    fc.assert(
      fc.property(weights, (list) => {
        const smooth = createSmoothTurns();
        const total = list.reduce((sum, weight) => sum + weight, 0);
        const counts = list.map(() => 0);
        for (let turn = 0; turn < total; turn += 1) counts[smooth.at(list, turn)]! += 1;
        expect(counts).toEqual(list);
      }),
    );
  });

  test('the lowest latency comes within a tenth of an oracle, and starves nobody', async () => {
    const { plan, router, caller, clock } = stage({ balance: { strategy: 'LOWEST_LATENCY', branches: branches([1, 1, 1, 1]) } });
    const means: Readonly<Record<string, number>> = { d0: 400, d1: 200, d2: 240, d3: 300 };
    const asked = new Map<string, number>();
    let spentMs = 0;
    const jitter = seeded('jitter');
    caller.script = (call) => {
      const slug = DEPLOYMENTS.find(({ id }) => id === call.target.deploymentId)!.slug;
      const durationMs = means[slug]! * (0.95 + jitter() * 0.1);
      asked.set(slug, (asked.get(slug) ?? 0) + 1);
      spentMs += durationMs;
      call.end({ durationMs });
    };
    const watch = { stream: false, signal: new AbortController().signal, deadlineAtMs: 1e9, onDeltas: () => undefined };
    for (let index = 0; index < 5_000; index += 1) {
      const { call, plan: planned } = plan();
      if (planned.ok) await router.dispatch(call, planned.value, watch);
    }
    expect(spentMs / 5_000).toBeLessThan(200 * 1.1);
    expect([...asked.keys()].sort()).toEqual(['d0', 'd1', 'd2', 'd3']);
    expect(clock.waiting).toBe(0);
  });
});

describe('conditions', () => {
  const compile = createConditionCompiler().compile;

  test.each([
    ['request.user == 1', /type-check/],
    ['request.tags', /true or false/],
    ['nope', /type-check/],
    ['request.user.matches("a")', /matches/],
    ['(', /parse/],
    ['x'.repeat(1_001), /at most/],
  ])('%s is a finding', (source, message) => {
    const compiled = compile(source);
    expect('problem' in compiled ? compiled.problem : '').toMatch(message);
  });
});

describe('health', () => {
  const hit = async ({ plan, router, caller, clock }: ReturnType<typeof stage>, cause: Parameters<typeof failure> | null) => {
    const { call, plan: planned } = plan();
    if (!planned.ok) return planned.error.code;
    caller.script = (upstream) => (cause ? upstream.fail(failure(...cause)) : upstream.answer('ok'));
    const watch = { stream: false, signal: new AbortController().signal, deadlineAtMs: clock.monotonicMs(), onDeltas: () => undefined };
    return (await router.dispatch(call, planned.value, watch)).status;
  };

  test('F3 the later of two known deadlines holds', async () => {
    const made = stage({ target: { deployment: 'd1' } });
    const start = made.clock.now().getTime();
    const both = [made.plan(), made.plan()];
    const delays = [60_000, 1_000];
    made.caller.script = (upstream) => upstream.fail(failure('RATE_LIMITED', { retryAfterMs: delays.shift()! }));
    for (const { call, plan } of both)
      if (plan.ok)
        await made.router.dispatch(call, plan.value, {
          stream: false,
          signal: new AbortController().signal,
          deadlineAtMs: 0,
          onDeltas: () => undefined,
        });
    expect(made.health.health(DEPLOYMENTS[1]!)).toMatchObject({ state: 'OPEN', until: new Date(start + 60_000) });
  });

  test('F5 opens after three, lets one probe at a time in after 30 s, and closes after two good ones', async () => {
    const made = stage({ target: { deployment: 'd1' } });
    const changes: string[] = [];
    made.health.onChange((_id, state) => changes.push(state));
    for (let index = 0; index < 3; index += 1) expect(await hit(made, ['SERVER_ERROR'])).toBe('failed');
    expect(await hit(made, null)).toBe('ALL_TARGETS_COOLING');
    await made.clock.advance(30_000);
    expect(made.health.admit(DEPLOYMENTS[1]!)).toBe(true);
    expect(made.health.admit(DEPLOYMENTS[1]!)).toBe(false);
    expect(made.health.health(DEPLOYMENTS[1]!).state).toBe('HALF_OPEN');
    made.health.attemptEnded({ ...probe(made.clock.now()), failure: failure('SERVER_ERROR'), status: 'FAILED' });
    expect(made.health.health(DEPLOYMENTS[1]!)).toMatchObject({ state: 'OPEN', reason: 'SERVER_ERROR: a probe failed' });
    await made.clock.advance(30_000);
    expect([await hit(made, null), await hit(made, null)]).toEqual(['succeeded', 'succeeded']);
    expect(made.health.health(DEPLOYMENTS[1]!).state).toBe('HEALTHY');
    expect(made.health.standing(DEPLOYMENTS[1]!).reading.share).toBe(0.1);
    expect(changes).toEqual(['OPEN', 'HALF_OPEN', 'OPEN', 'HALF_OPEN', 'HEALTHY']);
  });

  const probe = (startedAt: Date) => ({
    ...{ id: newId('attempt'), index: 0, deployment: DEPLOYMENTS[1]!, accepted: true, startedAt, firstTokenMs: null, durationMs: 1 },
    answer: {
      message: { parts: [], refusal: null },
      finishReason: null,
      rawFinishReason: null,
      usage: null,
      serviceTier: null,
      failure: null,
      ended: true,
    },
  });
});
