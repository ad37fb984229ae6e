import type { DeploymentId } from '../core/ids.js';
import type { BalanceStrategy, LatencyMeasure, RoutingGoal } from '../core/vocabulary.js';
import { chanceAt } from './chance.js';
import { rank } from './strategies.js';
import type { BalanceContext, Field, Ranking } from './strategies.js';
import { legsOf, legsOfAll, nobody, NO_STEPS } from './walk-state.js';
import type { Found, State } from './walk-state.js';

const GOALS: Readonly<Record<RoutingGoal, BalanceStrategy>> = {
  COST: 'LOWEST_COST',
  LATENCY: 'LOWEST_LATENCY',
  THROUGHPUT: 'HIGHEST_THROUGHPUT',
};

interface Balancing {
  readonly path: string;
  readonly strategy: BalanceStrategy;
  /** What LOWEST_LATENCY goes by. */
  readonly latencyMeasure: LatencyMeasure;
  /** Of the branches that can be used. */
  readonly field: Field;
  readonly foundAt: (index: number) => Found;
  readonly preferred: DeploymentId | null;
}

/** Orders branches: who is due for a probe, then whom the strategy ranks, then who still returns from an outage. */
export function balance(balancing: Balancing, state: State): Found {
  const { path, strategy, latencyMeasure, field, preferred } = balancing;
  if (field.looks.length === 0) return nobody(NO_STEPS);
  const kept = preferred === null ? undefined : branchOf(preferred, balancing);
  if (kept !== undefined) return tried(balancing, { first: kept, order: () => keptFirst(kept, field), reason: 'kept' }, null);
  const goal = state.facts.preferences?.optimizeFor ?? null;
  const wanted = goal === null ? strategy : GOALS[goal];
  const { seed, smooth, sight } = state;
  const context = { strategy: wanted, latencyMeasure, path, seed, smooth, sight };
  const ranking: AfterOutage = isCalm(field) ? rank(field, context) : rankAfterOutage(field, context);
  const { first, order } = ranking;
  return tried(balancing, { first, order, reason: `${wanted}: ${ranking.reason}` }, ranking.isProbe === true ? null : path);
}

function branchOf(preferred: DeploymentId, { field, foundAt }: Balancing): number | undefined {
  const index = field.looks.findIndex((_, at) => legsOf(foundAt(at)).some(({ deployment }) => deployment.id === preferred));
  return index < 0 ? undefined : index;
}

function keptFirst(kept: number, { looks }: Field): readonly number[] {
  return [kept, ...looks.map((_, index) => index).filter((index) => index !== kept)];
}

/** `turn`: the node whose turn the first one took. */
function tried({ path, foundAt }: Balancing, { first, order, reason }: Ranking, turn: string | null): Found {
  const chosen = foundAt(first);
  const { head, steps } = chosen;
  if (head === null) return nobody(NO_STEPS);
  if (turn !== null) head.turns = [...head.turns, turn];
  const all = () => legsOfAll(order().map((index) => (index === first ? chosen : foundAt(index))));
  return { head, order: all, steps: [{ path, kind: 'BALANCE', outcome: head.deployment.slug, reason }, steps] };
}

/** Whether nobody returns from an outage. */
function isCalm({ looks }: Field): boolean {
  for (const { reading } of looks) if (reading.share !== 1) return false;
  return true;
}

interface AfterOutage extends Ranking {
  /** The first one is due for a probe: it takes nobody's turn. */
  readonly isProbe?: boolean;
}

function rankAfterOutage(field: Field, context: BalanceContext): AfterOutage {
  const { seed, path } = context;
  const [due, steady, returning]: [number[], number[], number[]] = [[], [], []];
  for (const [index, look] of field.looks.entries()) {
    const { share } = look.reading;
    if (share === 0) due.push(index);
    else if (share === 1 || chanceAt(seed, `${path} ${look.deployment.id}`) < share) steady.push(index);
    else returning.push(index);
  }
  const some = { looks: steady.flatMap((index) => field.looks[index] ?? []), weights: steady.map((index) => field.weights[index] ?? 0) };
  const ranking = steady.length === 0 ? null : rank(some, context);
  const inField = (index: number) => steady[index] ?? 0;
  const order = () => [...due, ...(ranking?.order() ?? []).map(inField), ...returning];
  const first = due[0] ?? (ranking ? inField(ranking.first) : (returning[0] ?? 0));
  const reason = due.length > 0 ? 'it is due for a probe after an outage' : (ranking?.reason ?? 'it returns after an outage');
  return { first, order, reason, isProbe: due.length > 0 };
}
