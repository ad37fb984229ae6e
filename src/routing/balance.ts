import type { DeploymentId } from '../core/ids.js';
import type { BalanceStrategy, RoutingGoal } from '../core/vocabulary.js';
import { chanceAt } from './chance.js';
import { rank } from './strategies.js';
import type { Contender } from './strategies.js';
import type { Found, Leg, State, Step } from './walk-state.js';

const GOALS: Readonly<Record<RoutingGoal, BalanceStrategy>> = {
  COST: 'LOWEST_COST',
  LATENCY: 'LOWEST_LATENCY',
  THROUGHPUT: 'HIGHEST_THROUGHPUT',
};

const NOTHING: Found = { legs: [], steps: [] };

export interface BalanceBranch {
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
  readonly found: Found;
}

/** Orders branches: who is due for a probe, then whom the strategy ranks, then who still returns from an outage. */
export function balance({ path, strategy, branches, preferred }: Balancing, state: State): Found {
  const { facts, evidence, seed, smooth, scores } = state;
  const entrants = entrantsOf(branches);
  if (entrants.length === 0) return NOTHING;
  const kept = preferred === null ? undefined : entrants.find(({ found }) => found.legs.some((leg) => leg.deployment.id === preferred));
  if (kept) {
    const others = entrants.filter((entrant) => entrant !== kept);
    return tried([kept, ...others], { path, kind: 'BALANCE', outcome: kept.head.slug, reason: 'kept' }, null);
  }
  const { due, steady, returning } = byReturn(entrants, path, state);
  const goal = facts.preferences?.optimizeFor ?? null;
  const turn = () => (steady.length > 1 ? evidence.turn(path) : 0);
  const wanted = goal === null ? strategy : GOALS[goal];
  const ranking = rank(steady, { strategy: wanted, seed, path, turn, smooth, evidence });
  for (const [{ head }, score] of ranking.scores) scores.set(head, score);
  const order = due.length + returning.length === 0 ? ranking.order : [...due, ...ranking.order, ...returning];
  const [first] = order;
  if (!first) return NOTHING;
  const reason =
    due.length > 0 ? 'it is due for a probe after an outage' : steady.length > 0 ? ranking.reason : 'it returns after an outage';
  const step = { path, kind: 'BALANCE', outcome: first.head.slug, reason: `${wanted}: ${reason}` };
  return tried(order, step, due.length === 0 ? path : null);
}

function entrantsOf(branches: readonly BalanceBranch[]): readonly Entrant[] {
  const entrants: Entrant[] = [];
  for (const { weight, found } of branches) {
    const head = found.legs[0]?.deployment;
    if (head) entrants.push({ weight, head, found });
  }
  return entrants;
}

const NOBODY: readonly Entrant[] = [];

function byReturn(entrants: readonly Entrant[], path: string, { evidence, seed }: State) {
  const shares = entrants.map(({ head }) => evidence.reading(head).share);
  if (shares.every((share) => share === 1)) return { due: NOBODY, steady: entrants, returning: NOBODY };
  const groups = { due: [] as Entrant[], steady: [] as Entrant[], returning: [] as Entrant[] };
  for (const [index, entrant] of entrants.entries()) {
    const share = shares[index] ?? 1;
    const group = share === 1 ? groups.steady : share === 0 ? groups.due : null;
    if (group) group.push(entrant);
    else (chanceAt(seed, `${path} ${entrant.head.id}`) < share ? groups.steady : groups.returning).push(entrant);
  }
  return groups;
}

/** Legs in the order of their branches; `turn`: the node whose turn the first one took. */
function tried(order: readonly Entrant[], step: Step, turn: string | null): Found {
  const legs: Leg[] = [];
  for (const { found } of order) for (const leg of found.legs) legs.push(leg);
  const [head] = legs;
  // Spread alone and then overridden: V8 copies that fast, and a property that is new to the copy slowly.
  if (turn !== null && head) legs[0] = { ...head, turns: [...head.turns, turn] };
  return { legs, steps: [step, ...(order[0]?.found.steps ?? [])] };
}
