import type { BalanceStrategy } from '../core/vocabulary.js';
import { chanceAt, drawWeighted } from './chance.js';
import type { Reading } from './evidence.js';
import type { SmoothTurns } from './smooth.js';

/** One branch of a balance as its strategy sees it: by the target that it would try first. */
export interface Contender {
  /** In the order of the definition. */
  readonly index: number;
  readonly weight: number;
  reading(): Reading;
  cost(): number | null;
}

export interface BalanceContext {
  readonly strategy: BalanceStrategy;
  readonly seed: string;
  readonly path: string;
  /** How many decisions this balance has made before; asked only where the strategy takes turns. */
  turn(): number;
  readonly smooth: SmoothTurns;
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
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return { order: contenders, scores: NO_SCORES, reason: 'nothing has a weight: in order' };
  const number = turn();
  const first = contenders[smooth.at(weights, number)];
  const rest = shuffled(
    contenders.filter((contender) => contender !== first),
    seed,
    path,
  );
  const reason = `weight ${first?.weight ?? 0} of ${total}, turn ${number}`;
  return { order: first ? [first, ...rest] : rest, scores: NO_SCORES, reason };
}

/** By weight and chance, so that what one target loses does not all fall on a second one. */
function shuffled<One extends Contender>(contenders: readonly One[], seed: string, path: string): readonly One[] {
  if (contenders.length < 2) return contenders;
  const left = [...contenders];
  const order: One[] = [];
  while (left.length > 0) {
    const weights = left.map(({ weight }) => weight);
    const some = weights.some((weight) => weight > 0);
    const at = some ? drawWeighted(weights, chanceAt(seed, `${path} rest ${left.length}`)) : 0;
    order.push(...left.splice(at, 1));
  }
  return order;
}

function leastBusy<One extends Contender>(contenders: readonly One[], { seed, path }: BalanceContext): Ranking<One> {
  const scores = new Map(contenders.map((contender) => [contender, contender.reading().inFlight / Math.max(1, contender.weight)]));
  const order = sortedBy(contenders, scores, chanceAt(seed, path));
  return { order, scores, reason: `${order[0]?.reading().inFlight ?? 0} calls running there` };
}

function lowestCost<One extends Contender>(contenders: readonly One[], { seed, path }: BalanceContext): Ranking<One> {
  const scores = new Map<One, number>();
  for (const contender of contenders) {
    const cost = contender.cost();
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

/** The more calls wait there, the longer the next one takes. */
function latencyOf({ latencyMs, inFlight }: Reading): number | null {
  return latencyMs === null ? null : latencyMs * (inFlight + 1);
}

function slownessOf({ tokensPerSecond, inFlight }: Reading): number | null {
  return tokensPerSecond === null ? null : (inFlight + 1) / tokensPerSecond;
}

/**
 * 1. A few choices go to branches without data (a tenth), or to others than the best (a fiftieth): explored, not assumed fast.
 * 2. Else two are drawn of those that are as good as the best, and the better goes (the power of two choices, Mitzenmacher 2001).
 */
function byMeasure<One extends Contender>(contenders: readonly One[], { seed, path }: BalanceContext, { what, of }: Measure): Ranking<One> {
  const scores = new Map<One, number>();
  for (const contender of contenders) {
    const score = of(contender.reading());
    if (score !== null) scores.set(contender, score);
  }
  const order = sortedBy(contenders, scores, chanceAt(seed, `${path} ties`));
  const unknown = contenders.filter((contender) => !scores.has(contender));
  const draw = chanceAt(seed, `${path} explore`);
  const pick = (from: readonly One[], place: string) => from[Math.floor(chanceAt(seed, `${path} ${place}`) * from.length)];
  const first = (contender: One | undefined, reason: string): Ranking<One> => ({
    ...{ order: contender ? [contender, ...order.filter((one) => one !== contender)] : order, scores, reason },
  });
  if (scores.size === 0) return first(pick(unknown, 'unknown'), 'no data yet: drawn');
  if (unknown.length > 0 && draw < EXPLORED_UNKNOWN) return first(pick(unknown, 'unknown'), 'no data yet: explored');
  if (draw >= 1 - EXPLORED) return first(pick(order.slice(1), 'other'), 'explored, so that what is known of it stays true');
  const best = Math.min(...scores.values());
  const band = order.filter((contender) => (scores.get(contender) ?? Infinity) <= best * (1 + BAND));
  const [left, right] = [pick(band, 'one'), pick(band, 'two')];
  const better = left && right && (scores.get(right) ?? 0) < (scores.get(left) ?? 0) ? right : left;
  return first(better, band.length > 1 ? `${what} of two out of ${band.length} alike` : what);
}

/** Known scores ascending, then the unknown; equals in an order that chance turns. */
function sortedBy<One extends Contender>(contenders: readonly One[], scores: ReadonlyMap<One, number>, chance: number): readonly One[] {
  const start = Math.floor(chance * contenders.length);
  const turned = [...contenders.slice(start), ...contenders.slice(0, start)];
  return turned.sort((left, right) => {
    const [one, other] = [scores.get(left) ?? Infinity, scores.get(right) ?? Infinity];
    return one === other ? 0 : one - other;
  });
}
