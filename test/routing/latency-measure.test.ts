import { describe, expect, test } from '@jest/globals';
import { EMPTY_ANSWER } from '../../src/core/answer.js';
import { newId } from '../../src/core/ids.js';
import type { RoutingRecord } from '../../src/core/inference.js';
import type { RouteNode } from '../../src/core/routes.js';
import { createTally } from '../../src/inference/replay-tally.js';
import { createConditionCompiler } from '../../src/routing/conditions.js';
import type { Attempt } from '../../src/routing/contract.js';
import { checkDefinition } from '../../src/routing/definition.js';
import { sampleAttempt, sampleRecord } from '../accounting/records.js';
import { deployment, failure, principal, usage } from '../inference/kit.js';
import { createRoutingStage, to } from './stage.js';

const A = deployment({ slug: 'a', provider: { slug: 'at-a' }, model: { slug: 'm-a' } });
const B = deployment({ slug: 'b', provider: { slug: 'at-b' }, model: { slug: 'm-b' } });
const BOTH = [{ node: to('a') }, { node: to('b') }];
const PER_TOKEN: RouteNode = { balance: { strategy: 'LOWEST_LATENCY', latencyMeasure: 'PER_TOKEN', branches: BOTH } };
const END_TO_END: RouteNode = { balance: { strategy: 'LOWEST_LATENCY', branches: BOTH } };

function stageOf(main: RouteNode, others: Readonly<Record<string, RouteNode>> = {}) {
  const stage = createRoutingStage({ deployments: [A, B], main, others });
  const end = (target: typeof A, durationMs: number, fields: Partial<Attempt> = {}) => {
    const attempt = {
      id: newId('attempt'),
      index: 0,
      deployment: target,
      accepted: true,
      startedAt: stage.clock.now(),
      firstTokenMs: null,
    };
    stage.health.attemptStarted(target);
    stage.health.attemptEnded({ ...attempt, status: 'SUCCEEDED', failure: null, answer: EMPTY_ANSWER, durationMs, ...fields });
  };
  return {
    ...stage,
    end,
    answered: (target: typeof A, durationMs: number, tokens: number) =>
      end(target, durationMs, { answer: { ...EMPTY_ANSWER, usage: usage(10, tokens) } }),
    msPerToken: (target: typeof A) => stage.health.standing(target).reading.msPerToken,
  };
}

describe('the time per token', () => {
  test('moves by half towards what is slower, by a fifth towards what is faster, and counts thinking', () => {
    const { answered, end, msPerToken } = stageOf(PER_TOKEN);
    expect(msPerToken(A)).toBeNull();
    answered(A, 1_000, 100);
    expect(msPerToken(A)).toBe(10);
    answered(A, 600, 20);
    expect(msPerToken(A)).toBe(20);
    answered(A, 10_000, 1_000);
    expect(msPerToken(A)).toBe(18);
    end(B, 1_000, { answer: { ...EMPTY_ANSWER, usage: { ...usage(10, 10), reasoning: 90 } } });
    expect(msPerToken(B)).toBe(10);
  });

  test('grows with what ran out of time or was outrun, as far as that was slower than usual, and by nothing else', () => {
    const { answered, end, msPerToken } = stageOf(PER_TOKEN);
    answered(A, 1_000, 100);
    end(A, 500, { status: 'FAILED', failure: failure('TIMEOUT') });
    end(A, 9_000, { status: 'FAILED', failure: failure('SERVER_ERROR') });
    end(A, 9_000, { status: 'CANCELLED' });
    expect(msPerToken(A)).toBe(10);
    answered(B, 1_000, 100);
    end(B, 3_000, { status: 'FAILED', failure: failure('TIMEOUT') });
    expect(msPerToken(B)).toBe(20);
    end(B, 20_000, { status: 'CANCELLED', outrun: true });
    expect(msPerToken(B)).toBe(110);
  });

  test('says nothing of answers without tokens', () => {
    const { end, answered, msPerToken } = stageOf(PER_TOKEN);
    end(A, 1_000, { answer: { ...EMPTY_ANSWER, usage: usage(10, 0) } });
    expect(msPerToken(A)).toBeNull();
    answered(A, 1_000, 100);
    end(A, 90_000);
    expect(msPerToken(A)).toBe(10);
  });
});

describe('who answers', () => {
  /** The first hundred choices: what is explored is a fiftieth of them. */
  const mostly = (main: RouteNode, fields: object = {}) => {
    const stage = stageOf(main);
    // Long answers, fast by the token; and short ones that are slow by it.
    stage.answered(A, 8_000, 1_000);
    stage.answered(B, 400, 20);
    const plans = Array.from({ length: 100 }, () => stage.plan(fields));
    const firsts = plans.map(({ targets }) => targets[0]?.slug);
    return { slug: firsts.filter((slug) => slug === 'a').length > 50 ? 'a' : 'b', record: plans[0]!.record };
  };

  test('is who is fastest by the token, however long its answers are, and the decision says so', () => {
    const { slug, record } = mostly(PER_TOKEN);
    expect(slug).toBe('a');
    expect(record.steps[0]?.reason).toBe('LOWEST_LATENCY: the lowest latency per token');
    expect(record.candidates.map(({ score, seen }) => [score, seen?.msPerToken])).toEqual([
      [8, 8],
      [20, 20],
    ]);
  });

  test('is who answers soonest, where the route says nothing else', () => {
    expect(mostly(END_TO_END).slug).toBe('b');
  });

  test('a call that is to be fast goes by the measure of its balance', () => {
    const routing = { optimizeFor: 'LATENCY' } as const;
    expect(mostly(PER_TOKEN, { routing }).slug).toBe('a');
    expect(mostly({ balance: { strategy: 'ROUND_ROBIN', branches: BOTH } }, { routing }).slug).toBe('b');
  });
});

describe('rows of versions that did not note it', () => {
  const plain = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;

  function olderRow() {
    const stage = stageOf(END_TO_END);
    stage.answered(A, 8_000, 1_000);
    stage.answered(B, 400, 20);
    const who = principal();
    const { record } = stage.plan({}, who);
    const candidates = record.candidates.map(({ seen: { msPerToken: _, ...seen } = {}, ...candidate }) => ({ ...candidate, seen }));
    const routing: RoutingRecord = plain({ ...record, candidates });
    const asked = { operation: 'COMPLETION', requestedModel: 'main', task: null, user: null, sessionId: null, tags: [] } as const;
    return { stage, row: { ...asked, apiKeyId: who.apiKeyId, teamId: null, routing } };
  }

  test('are decided again to the last field', () => {
    const { stage, row } = olderRow();
    expect(plain(stage.router.replay(row, { snapshot: stage.snapshot }))).toEqual(row.routing);
  });

  test('are rehearsed by the token out of what the rows around them tell', () => {
    const { stage, row } = olderRow();
    const tally = createTally(stage.snapshot);
    const learn = (of: typeof A, durationMs: number, tokens: number) => {
      const served = { modelId: of.model.id, deploymentId: of.id, providerId: of.provider.id };
      const attempt = sampleAttempt({ served, durationMs, usage: { ...usage(10, tokens), reasoning: tokens } });
      tally.add(sampleRecord({ served, routing: null, attempts: [attempt] }), null);
    };
    learn(A, 8_000, 500);
    learn(B, 400, 10);
    const { snapshot, router } = stage;
    const call = { ...row, id: newId('completion'), status: 'SUCCEEDED', usage: null, createdAt: new Date(0) } as const;
    const again = router.rehearse({ snapshot, tree: { definition: PER_TOKEN }, gaps: tally }).decide(call);
    const scores = again?.candidates.map(({ score }) => score);
    expect(scores).toEqual([8, 20]);
    expect(again?.candidates.map(({ seen }) => seen?.latencyMs)).toEqual([8_000, 400]);
  });
});

describe('publication', () => {
  const check = (balance: object) => {
    const { snapshot } = stageOf(END_TO_END);
    return checkDefinition({ slug: 'new', definition: { balance }, snapshot }, createConditionCompiler());
  };

  test.each(['END_TO_END', 'PER_TOKEN'])('%s is kept with LOWEST_LATENCY, and refused with any other strategy', (latencyMeasure) => {
    const branches = BOTH.map((branch) => ({ ...branch, weight: 1 }));
    const kept = { strategy: 'LOWEST_LATENCY', latencyMeasure, branches };
    expect(check(kept)).toEqual({ definition: { balance: kept } });
    expect(check({ ...kept, strategy: 'LOWEST_COST' })).toEqual({
      problems: [{ path: 'definition.balance.latencyMeasure', message: 'is for LOWEST_LATENCY only' }],
    });
  });

  test('where none is given none is stored; an unknown one is a problem', () => {
    const given = { strategy: 'LOWEST_LATENCY', branches: BOTH };
    expect(check({ ...given, latencyMeasure: null })).toEqual({ definition: { balance: { ...given, branches: expect.anything() } } });
    expect(check({ ...given, latencyMeasure: 'MEDIAN' })).toMatchObject({ problems: [{ path: 'definition.balance.latencyMeasure' }] });
  });
});
