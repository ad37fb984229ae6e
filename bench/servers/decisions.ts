/** Decides by the thousand, says in one line of JSON what that cost, and ends. */
import { createSizing } from '../../src/compose/sizing.js';
import { EMPTY_ANSWER } from '../../src/core/answer.js';
import type { Deployment, Model } from '../../src/core/catalogue.js';
import { systemClock } from '../../src/core/clock.js';
import { newId } from '../../src/core/ids.js';
import type { Route, RouteNode } from '../../src/core/routes.js';
import { parseCompletionInput } from '../../src/inference/input/parse.js';
import type { Attempt } from '../../src/routing/contract.js';
import { createHealthBoard } from '../../src/routing/health.js';
import type { HealthBoard } from '../../src/routing/health.js';
import { createRouter } from '../../src/routing/router.js';
import { simplePrice } from '../../test/accounting/samples.js';
import { createScriptedCaller, deployment, input, principal, snapshotOf, usage } from '../../test/inference/kit.js';
import { PROMPT } from '../answer.js';
import type { DecisionCost } from '../decisions.js';

const ROUNDS = 15;
const DECISIONS = 2_000;
const WARM_UP = 20_000;
/** Ten models m0 … m9, served by five deployments each. */
const MODELS = 10;
const EACH = 5;

const model = (index: number): RouteNode => ({ target: { model: `m${index}` } });
const branches = (...nodes: readonly RouteNode[]) => nodes.map((node) => ({ node }));
const arm = (strategy: 'LOWEST_LATENCY' | 'LOWEST_COST' | 'LEAST_BUSY', models: readonly number[], last: RouteNode): RouteNode => ({
  fallback: { nodes: [{ balance: { strategy, branches: branches(...models.map(model)), sticky: 'SESSION' } }, last] },
});

/** Conditions pick one of three arms, as routes do by plan, region or task. */
const ARMS: RouteNode = {
  when: {
    branches: [
      { if: 'request.tags.plan == "free"', then: arm('LOWEST_COST', [0, 1, 2], model(3)) },
      { if: 'request.task == "CODE" && request.inputTokens < 100000', then: arm('LEAST_BUSY', [4, 5, 6], model(3)) },
    ],
    otherwise: arm('LOWEST_LATENCY', [7, 8, 9, 0], model(3)),
  },
};

/** Nothing is left out: every target stands in for every other. */
const WHOLE: RouteNode = {
  fallback: {
    nodes: [
      { balance: { strategy: 'LOWEST_LATENCY', sticky: 'SESSION', branches: branches(...[0, 1, 2, 3, 4, 5].map(model)) } },
      { balance: { strategy: 'LOWEST_COST', branches: branches(...[6, 7, 8, 9].map(model)) } },
      {
        balance: { strategy: 'ROUND_ROBIN', branches: branches(...[0, 1, 2].map((index) => ({ target: { deployment: `m0.p${index}` } }))) },
      },
      { split: { branches: [{ name: 'only', weight: 1, node: { target: { deployment: 'm1.p0' } } }] } },
      { target: { deployment: 'm1.p1' } },
    ],
  },
};

function nodesOf(node: RouteNode): number {
  const inner =
    'target' in node
      ? []
      : 'fallback' in node
        ? node.fallback.nodes
        : 'when' in node
          ? [...node.when.branches.map(({ then }) => then), node.when.otherwise]
          : ('split' in node ? node.split : node.balance).branches.map((branch) => branch.node);
  return inner.reduce((sum, below) => sum + nodesOf(below), 1);
}

/** Each model has a price of its own, or comparing costs would be to compare one with itself. */
function modelsOf(count: number): readonly Partial<Model>[] {
  return Array.from({ length: count }, (_, index) => {
    const prices = [simplePrice({ INPUT: String(1 + index), OUTPUT: String(3 + index) })];
    return { slug: `m${index}`, contextWindow: 200_000, maxOutputTokens: 8_000, prices };
  });
}

/** So that there is something to compare. */
function answered(health: HealthBoard, target: Deployment, durationMs: number): void {
  const answer = { ...EMPTY_ANSWER, usage: usage(50, 100) };
  const [startedAt, firstTokenMs] = [systemClock.now(), durationMs / 4];
  health.attemptStarted(target);
  health.attemptEnded({
    ...{ id: newId('attempt'), index: 0, deployment: target, status: 'SUCCEEDED', failure: null, accepted: true },
    ...{ answer, startedAt, firstTokenMs, durationMs },
  });
}

/** An attempt whose caller left: it takes a place, gives it back, and teaches nothing. */
function leftAttempt(startedAt: Date): Omit<Attempt, 'deployment'> {
  const nothing = { failure: null, answer: EMPTY_ANSWER, firstTokenMs: null, durationMs: null };
  return { id: newId('attempt'), index: 0, status: 'CANCELLED', accepted: true, startedAt, ...nothing };
}

/**
 * A whole decision: the prompt's estimate, the walk, and the record that explains it, with all that is stored. Then the attempt begins
 * and ends, as far as the health of its target is concerned: nothing may rest on a world in which no call is made. Gives how many
 * deployments it looked at. `ordered`: with the order of all targets, which a call only asks for where its first target fails.
 */
function stage(definition: RouteNode, ordered: boolean): () => number {
  const models = modelsOf(MODELS);
  const all = Array.from({ length: MODELS * EACH }, (_, at) => {
    const slug = `m${at % MODELS}.p${Math.floor(at / MODELS)}`;
    return deployment({ slug, provider: { slug: `on-${slug}` }, model: models[at % MODELS] ?? {} });
  });
  const health = createHealthBoard({ clock: systemClock });
  for (const [index, one] of all.entries()) answered(health, one, 200 + 17 * index);
  const version = { version: 1, definition, note: null, publishedAt: new Date(0), publishedBy: 'bench' };
  const route: Route = { id: newId('route'), slug: 'main', current: version, versions: [version], deleted: false };
  const snapshot = snapshotOf(all, undefined, [route]);
  const sizing = createSizing();
  const router = createRouter({ caller: createScriptedCaller(), health, clock: systemClock, random: Math.random, sizing });
  const parsed = parseCompletionInput(input({ model: 'main', sessionId: 'one', messages: [{ role: 'USER', text: PROMPT }] }));
  if (!parsed.ok) throw new Error(parsed.error.message);
  const who = principal();
  const attempt = leftAttempt(systemClock.now());
  return () => {
    const plan = router.plan({ ...parsed.value }, { principal: who, snapshot });
    const first = plan.ok ? plan.value.first?.deployment : null;
    if (!plan.ok || !first) throw new Error('nobody can be asked');
    health.attemptStarted(first);
    health.attemptEnded({ ...attempt, deployment: first });
    const { record, targets } = ordered ? plan.value : { record: plan.value.record, targets: [] };
    return Math.max(record.candidates.length, targets.length);
  };
}

function measure(name: string, definition: RouteNode, ordered = false): DecisionCost {
  const decide = stage(definition, ordered);
  const lookedAt = decide();
  for (let count = 0; count < WARM_UP; count += 1) decide();
  const rounds = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    for (let count = 0; count < DECISIONS; count += 1) decide();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / DECISIONS;
  }).toSorted((left, right) => left - right);
  const [lowestUs, cpuUs, highestUs] = [rounds[0] ?? 0, rounds[Math.floor(ROUNDS / 2)] ?? 0, rounds.at(-1) ?? 0];
  return { name, nodes: nodesOf(definition), deployments: MODELS * EACH, lookedAt, cpuUs, lowestUs, highestUs };
}

const costs = [
  measure('conditions pick an arm', ARMS),
  measure('all of it is looked at', WHOLE),
  measure('… and put in order', WHOLE, true),
];
process.stdout.write(`${JSON.stringify({ costs })}\n`);
