import type { Deployment } from '../core/catalogue.js';
import type { DeploymentId } from '../core/ids.js';
import type { BalanceStrategy, RoutingGoal } from '../core/vocabulary.js';
import { chanceAt } from './chance.js';
import type { Evidence } from './evidence.js';
import { rank } from './strategies.js';
import type { Contender } from './strategies.js';
import type { Found, State, Step } from './walk-state.js';

const GOALS: Readonly<Record<RoutingGoal, BalanceStrategy>> = {
  ...{ COST: 'LOWEST_COST', LATENCY: 'LOWEST_LATENCY', THROUGHPUT: 'HIGHEST_THROUGHPUT' },
};

export interface BalanceBranch {
  readonly index: number;
  readonly weight: number;
  readonly found: Found;
}

interface Balancing {
  readonly path: string;
  readonly strategy: BalanceStrategy;
  readonly branches: readonly BalanceBranch[];
  readonly preferred: DeploymentId | null;
}

interface Entrant extends Contender {
  readonly head: Deployment;
  readonly found: Found;
}

/** Orders branches: who is due for a probe, then whom the strategy ranks, then who still returns from an outage. */
export function balance({ path, strategy, branches, preferred }: Balancing, state: State): Found {
  const { facts, evidence, seed, smooth, scores } = state;
  const entrants = branches.flatMap((branch) => entrantOf(branch, evidence));
  if (entrants.length === 0) return { legs: [], steps: [] };
  const kept = preferred === null ? undefined : entrants.find(({ found }) => found.legs.some((leg) => leg.deployment.id === preferred));
  if (kept)
    return tried(
      kept,
      entrants.filter((entrant) => entrant !== kept),
      { path, kind: 'BALANCE', outcome: kept.head.slug, reason: 'kept' },
    );
  const { due, steady, returning } = byReturn(entrants, path, state);
  const goal = facts.preferences?.optimizeFor ?? null;
  const turn = () => (steady.length > 1 ? evidence.turn(path) : 0);
  const context = { strategy: goal === null ? strategy : GOALS[goal], seed, path, turn, smooth };
  const ranking = rank(steady, context);
  for (const [{ head }, score] of ranking.scores) scores.set(head, score);
  const order = [...due, ...ranking.order, ...returning];
  const [first] = order;
  if (!first) return { legs: [], steps: [] };
  const reason =
    due.length > 0 ? 'it is due for a probe after an outage' : steady.length > 0 ? ranking.reason : 'it returns after an outage';
  const step = { path, kind: 'BALANCE', outcome: first.head.slug, reason: `${context.strategy}: ${reason}` };
  return tried(due.length === 0 ? withTurn(first, path) : first, order.slice(1), step);
}

function entrantOf({ index, weight, found }: BalanceBranch, evidence: Evidence): readonly Entrant[] {
  const head = found.legs[0]?.deployment;
  if (!head) return [];
  return [{ index, weight, head, found, reading: () => evidence.reading(head), cost: () => evidence.cost(head) }];
}

function byReturn(entrants: readonly Entrant[], path: string, { evidence, seed }: State) {
  const groups = { due: [] as Entrant[], steady: [] as Entrant[], returning: [] as Entrant[] };
  for (const entrant of entrants) {
    const { share } = evidence.reading(entrant.head);
    const group = share === 1 ? groups.steady : share === 0 ? groups.due : null;
    if (group) group.push(entrant);
    else (chanceAt(seed, `${path} ${entrant.head.id}`) < share ? groups.steady : groups.returning).push(entrant);
  }
  return groups;
}

function withTurn(entrant: Entrant, path: string): Entrant {
  const [head, ...rest] = entrant.found.legs;
  const legs = head ? [{ ...head, turns: [...head.turns, path] }, ...rest] : rest;
  return { ...entrant, found: { ...entrant.found, legs } };
}

function tried(first: Entrant, rest: readonly Entrant[], step: Step): Found {
  return { legs: [first, ...rest].flatMap(({ found }) => found.legs), steps: [step, ...first.found.steps] };
}
