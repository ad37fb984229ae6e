import type { Deployment } from '../core/catalogue.js';
import type { BalanceStrategy } from '../core/vocabulary.js';
import { chanceAt, chancesFrom } from './chance.js';
import type { Evidence, Reading } from './evidence.js';
import type { SmoothTurns } from './smooth.js';

/** One branch of a balance as its strategy sees it: by the target that it would try first. */
export interface Contender {
  readonly weight: number;
  readonly head: Deployment;
}

export interface BalanceContext {
  readonly strategy: BalanceStrategy;
  readonly seed: string;
  readonly path: string;
  /** How many decisions this balance has made before; asked only where the strategy takes turns. */
  turn(): number;
  readonly smooth: SmoothTurns;
  readonly evidence: Pick<Evidence, 'reading' | 'cost'>;
}

/** The order in which branches are tried; the first is the choice. Scores are what was compared, by contender. */
export interface Ranking<One extends Contender> {
  readonly order: readonly One[];
  readonly scores: ReadonlyMap<One, number>;
  readonly reason: string;
}

/** A branch is as good as the best where it is worse by no more than this share: between such, load is spread. */
const BAND = 0.1;
/** So many of the choices go to branches that are not the best, so that what is known of them does not grow old. */
const EXPLORED = 0.02;
/** So many go to branches of which nothing is known, while there are any. */
const EXPLORED_UNKNOWN = 0.1;
const NO_SCORES: ReadonlyMap<never, number> = new Map<never, number>();

export function rank<One extends Contender>(contenders: readonly One[], context: BalanceContext): Ranking<One> {
  switch (context.strategy) {
    case 'ROUND_ROBIN':
      return roundRobin(contenders, context);
    case 'WEIGHTED':
      return weighted(contenders, context);
    case 'LEAST_BUSY':
      return leastBusy(contenders, context);
    case 'LOWEST_LATENCY':
      return byMeasure(contenders, context, { what: 'the lowest latency', of: latencyOf });
    case 'HIGHEST_THROUGHPUT':
      return byMeasure(contenders, context, { what: 'the highest throughput', of: slownessOf });
    case 'LOWEST_COST':
      return lowestCost(contenders, context);
  }
}

function roundRobin<One extends Contender>(contenders: readonly One[], { turn }: BalanceContext): Ranking<One> {
  const number = turn();
  const start = number % contenders.length;
  return { order: [...contenders.slice(start), ...contenders.slice(0, start)], scores: NO_SCORES, reason: `turn ${number}` };
}

/** Those without weight are only tried after the others. */
function weighted<One extends Contender>(contenders: readonly One[], { turn, smooth, seed, path }: BalanceContext): Ranking<One> {
  const weights = contenders.map(({ weight }) => weight);
  let total = 0;
  for (const weight of weights) total += weight;
  if (total === 0) return { order: contenders, scores: NO_SCORES, reason: 'nothing has a weight: in order' };
  const number = turn();
  const at = smooth.at(weights, number);
  const reason = `weight ${weights[at] ?? 0} of ${total}, turn ${number}`;
  return { order: firstThenShuffled(contenders, at, chancesFrom(seed, path)), scores: NO_SCORES, reason };
}

/**
 * The rest by weight and chance, so that what one target loses does not all fall on a second one: the smallest of draws from
 * exponential distributions whose rates are the weights is each of them in proportion (after Efraimidis and Spirakis, 2006).
 */
function firstThenShuffled<One extends Contender>(contenders: readonly One[], first: number, chance: () => number): readonly One[] {
  return ascending(contenders, (one) => {
    const draw = chance();
    if (one === contenders[first]) return -Infinity;
    return one.weight > 0 ? -Math.log(1 - draw) / one.weight : Infinity;
  });
}

function leastBusy<One extends Contender>(contenders: readonly One[], { seed, path, evidence }: BalanceContext): Ranking<One> {
  const scores = new Map(contenders.map((one) => [one, evidence.reading(one.head).inFlight / Math.max(1, one.weight)]));
  const order = sortedBy(contenders, scores, chanceAt(seed, path));
  return { order, scores, reason: `${order[0] ? evidence.reading(order[0].head).inFlight : 0} calls running there` };
}

function lowestCost<One extends Contender>(contenders: readonly One[], { seed, path, evidence }: BalanceContext): Ranking<One> {
  const scores = new Map<One, number>();
  for (const contender of contenders) {
    const cost = evidence.cost(contender.head);
    if (cost !== null) scores.set(contender, cost / 1e12);
  }
  const order = sortedBy(contenders, scores, chanceAt(seed, path));
  const known = order[0] !== undefined && scores.has(order[0]);
  return { order, scores, reason: known ? 'the lowest cost for a call of this size' : 'no branch has a price' };
}

interface Measure {
  readonly what: string;
  /** The lower the better; null: no data. */
  readonly of: (reading: Reading) => number | null;
}

/**
 * What each running call adds to how long the next one seems to take. In Finagle's peak EWMA it is all of it, as in a queue for one
 * server; models answer many calls side by side, and by that measure most calls went to slower ones. Less than this, and a
 * target whose places are taken is noticed too late: found by simulation (test/routing/simulations).
 */
const CROWDING = 0.07;

function latencyOf({ latencyMs, inFlight }: Reading): number | null {
  return latencyMs === null ? null : latencyMs * (1 + CROWDING * inFlight);
}

function slownessOf({ tokensPerSecond, inFlight }: Reading): number | null {
  return tokensPerSecond === null ? null : (1 + CROWDING * inFlight) / tokensPerSecond;
}

/**
 * 1. A few choices go to branches without data (a tenth), or to others than the best (a fiftieth): explored, not assumed fast.
 * 2. Else two are drawn of those that are as good as the best, and the better goes (the power of two choices, Mitzenmacher 2001).
 */
function byMeasure<One extends Contender>(contenders: readonly One[], context: BalanceContext, { what, of }: Measure): Ranking<One> {
  const { seed, path, evidence } = context;
  const scores = new Map<One, number>();
  for (const contender of contenders) {
    const score = of(evidence.reading(contender.head));
    if (score !== null) scores.set(contender, score);
  }
  const chance = chancesFrom(seed, path);
  const order = sortedBy(contenders, scores, chance());
  const draw = chance();
  const pick = (from: readonly One[]) => from[Math.floor(chance() * from.length)];
  const first = (contender: One | undefined, reason: string): Ranking<One> => {
    return { order: contender ? [contender, ...order.filter((one) => one !== contender)] : order, scores, reason };
  };
  if (scores.size < contenders.length && (scores.size === 0 || draw < EXPLORED_UNKNOWN)) {
    const unknown = contenders.filter((contender) => !scores.has(contender));
    return first(pick(unknown), scores.size === 0 ? 'no data yet: drawn' : 'no data yet: explored');
  }
  if (draw >= 1 - EXPLORED) return first(pick(order.slice(1)), 'explored, so that what is known of it stays true');
  const limit = (scores.get(order[0] as One) ?? Infinity) * (1 + BAND);
  const band = order.filter((contender) => (scores.get(contender) ?? Infinity) <= limit);
  const [left, right] = [pick(band), pick(band)];
  const better = left && right && (scores.get(right) ?? 0) < (scores.get(left) ?? 0) ? right : left;
  return first(better, band.length > 1 ? `${what} of two out of ${band.length} alike` : what);
}

/** Known scores ascending, then the unknown; equals in an order that chance turns. */
function sortedBy<One extends Contender>(contenders: readonly One[], scores: ReadonlyMap<One, number>, chance: number): readonly One[] {
  const start = Math.floor(chance * contenders.length);
  return ascending([...contenders.slice(start), ...contenders.slice(0, start)], (one) => scores.get(one) ?? Infinity);
}

/** Equals stay as they are. By insertion: branches are few, and fewer steps than a general sort needs to begin with. */
function ascending<One>(ones: readonly One[], keyOf: (one: One) => number): readonly One[] {
  const order: One[] = [];
  const keys: number[] = [];
  for (const one of ones) {
    const key = keyOf(one);
    let at = order.length;
    for (let before = order[at - 1]; before !== undefined && (keys[at - 1] ?? 0) > key; before = order[at - 1]) {
      order[at] = before;
      keys[at] = keys[at - 1] ?? 0;
      at -= 1;
    }
    order[at] = one;
    keys[at] = key;
  }
  return order;
}
