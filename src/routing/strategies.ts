import type { BalanceStrategy, LatencyMeasure } from '../core/vocabulary.js';
import { chanceAt, chancesFrom } from './chance.js';
import type { Reading } from './evidence.js';
import type { Look, Sight } from './sight.js';
import type { SmoothTurns } from './smooth.js';

/** The branches of a balance as strategies see them, by index: the target that each would try first, and its weight. */
export interface Field {
  readonly looks: readonly Look[];
  readonly weights: readonly number[];
}

export interface BalanceContext {
  readonly strategy: BalanceStrategy;
  readonly latencyMeasure: LatencyMeasure;
  readonly seed: string;
  readonly path: string;
  readonly smooth: SmoothTurns;
  readonly sight: Sight;
}

/** Which branch a strategy chooses, and how all follow one another, worked out where it is asked for. */
export interface Ranking {
  readonly first: number;
  readonly order: () => readonly number[];
  readonly reason: string;
}

/** A branch is as good as the best where it is worse by no more than this share: between such, load is spread. */
const BAND = 0.1;
/** So many of the choices go to branches that are not the best, so that what is known of them does not grow old. */
const EXPLORED = 0.02;
/** So many go to branches of which nothing is known, while there are any. */
const EXPLORED_UNKNOWN = 0.1;

/** The field must not be empty. What was compared becomes the score of who was compared. */
export function rank(field: Field, context: BalanceContext): Ranking {
  switch (context.strategy) {
    case 'ROUND_ROBIN':
      return roundRobin(field, context);
    case 'WEIGHTED':
      return weighted(field, context);
    case 'LEAST_BUSY':
      return leastBusy(field, context);
    case 'LOWEST_LATENCY':
      return byMeasure(field, context, LATENCIES[context.latencyMeasure]);
    case 'HIGHEST_THROUGHPUT':
      return byMeasure(field, context, THROUGHPUT);
    case 'LOWEST_COST':
      return lowestCost(field, context);
  }
}

/** How many decisions this balance has made before: asked only where it decides something. */
function turnOf({ looks }: Field, { sight, path }: BalanceContext): number {
  return looks.length > 1 ? sight.turn(path) : 0;
}

/** All indexes, from `start` on and around. */
function around({ looks }: Field, start: number): number[] {
  return looks.map((_, index) => (start + index) % looks.length);
}

function roundRobin(field: Field, context: BalanceContext): Ranking {
  const turn = turnOf(field, context);
  const first = turn % field.looks.length;
  return { first, order: () => around(field, first), reason: `turn ${turn}` };
}

/** Those without weight are only tried after the others. */
function weighted(field: Field, context: BalanceContext): Ranking {
  const { weights } = field;
  let total = 0;
  for (const weight of weights) total += weight;
  if (total === 0) return { first: 0, order: () => around(field, 0), reason: 'nothing has a weight: in order' };
  const turn = turnOf(field, context);
  const first = context.smooth.at(weights, turn);
  const order = () => firstThenShuffled(field, first, context);
  return { first, order, reason: `weight ${weights[first] ?? 0} of ${total}, turn ${turn}` };
}

/**
 * The rest by weight and chance, so that what one target loses does not all fall on a second one: the smallest of draws from
 * exponential distributions whose rates are the weights is each of them in proportion (after Efraimidis and Spirakis, 2006).
 */
function firstThenShuffled(field: Field, first: number, { seed, path }: BalanceContext): readonly number[] {
  const chance = chancesFrom(seed, path);
  const keys = field.weights.map((weight, index) => {
    const draw = chance();
    if (index === first) return -Infinity;
    return weight > 0 ? -Math.log(1 - draw) / weight : Infinity;
  });
  return ascending(around(field, 0), keys);
}

/** Compares branches by a key, the lower the better; null: no data. */
function keysOf({ looks }: Field, keyOf: (look: Look, index: number) => number | null): readonly (number | null)[] {
  return looks.map((look, index) => {
    const key = keyOf(look, index);
    if (key !== null) look.score = key;
    return key;
  });
}

function leastBusy(field: Field, { seed, path }: BalanceContext): Ranking {
  const keys = keysOf(field, ({ reading }, index) => reading.inFlight / Math.max(1, field.weights[index] ?? 1));
  const order = byKey(field, keys, chanceAt(seed, path));
  const [first = 0] = order;
  return { first, order: () => order, reason: `${field.looks[first]?.reading.inFlight ?? 0} calls running there` };
}

function lowestCost(field: Field, { seed, path, sight }: BalanceContext): Ranking {
  const keys = keysOf(field, (look) => {
    const cost = sight.cost(look);
    return cost === null ? null : cost / 1e12;
  });
  const order = byKey(field, keys, chanceAt(seed, path));
  const [first = 0] = order;
  return { first, order: () => order, reason: keys[first] === null ? 'no branch has a price' : 'the lowest cost for a call of this size' };
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

const LATENCIES: Readonly<Record<LatencyMeasure, Measure>> = {
  END_TO_END: {
    what: 'the lowest latency',
    of: ({ latencyMs, inFlight }) => (latencyMs === null ? null : latencyMs * (1 + CROWDING * inFlight)),
  },
  PER_TOKEN: {
    what: 'the lowest latency per token',
    of: ({ msPerToken = null, inFlight }) => (msPerToken === null ? null : msPerToken * (1 + CROWDING * inFlight)),
  },
};

const THROUGHPUT: Measure = {
  what: 'the highest throughput',
  of: ({ tokensPerSecond, inFlight }) => (tokensPerSecond === null ? null : (1 + CROWDING * inFlight) / tokensPerSecond),
};

/**
 * 1. A few choices go to branches without data (a tenth), or to others than the best (a fiftieth): explored, not assumed fast.
 * 2. Else two are drawn of those that are as good as the best, and the better goes (the power of two choices, Mitzenmacher 2001).
 */
function byMeasure(field: Field, { seed, path }: BalanceContext, { what, of }: Measure): Ranking {
  const keys = keysOf(field, ({ reading }) => of(reading));
  const chance = chancesFrom(seed, path);
  const order = byKey(field, keys, chance());
  const draw = chance();
  const pick = (from: readonly number[]) => from[Math.floor(chance() * from.length)];
  const chosen = (index: number | undefined, reason: string): Ranking => {
    const [best = 0] = order;
    if (index === undefined || index === best) return { first: best, order: () => order, reason };
    return { first: index, order: () => [index, ...order.filter((one) => one !== index)], reason };
  };
  const keyAt = (index: number | undefined) => keys[index ?? -1] ?? Infinity;
  if (keys.includes(null)) {
    const unknown = order.filter((index) => keys[index] === null).sort((left, right) => left - right);
    const isBlind = unknown.length === order.length;
    if (isBlind || draw < EXPLORED_UNKNOWN) return chosen(pick(unknown), isBlind ? 'no data yet: drawn' : 'no data yet: explored');
  }
  if (draw >= 1 - EXPLORED) return chosen(pick(order.slice(1)), 'explored, so that what is known of it stays true');
  const limit = keyAt(order[0]) * (1 + BAND);
  const band = order.filter((index) => keyAt(index) <= limit);
  const [left, right] = [pick(band), pick(band)];
  return chosen(keyAt(right) < keyAt(left) ? right : left, band.length > 1 ? `${what} of two out of ${band.length} alike` : what);
}

/** Known keys ascending, then the unknown; equals in an order that chance turns. */
function byKey(field: Field, keys: readonly (number | null)[], chance: number): readonly number[] {
  return ascending(around(field, Math.floor(chance * keys.length)), keys);
}

/** Sorts in place; equals stay as they are. By insertion: branches are few, and fewer steps than a general sort needs to begin with. */
function ascending(indexes: number[], keys: readonly (number | null)[]): readonly number[] {
  for (const [at, index] of indexes.entries()) {
    const key = keys[index] ?? Infinity;
    let to = at;
    for (let before = indexes[to - 1]; before !== undefined && (keys[before] ?? Infinity) > key; before = indexes[to - 1]) {
      indexes[to] = before;
      to -= 1;
    }
    indexes[to] = index;
  }
  return indexes;
}
