import { costOf } from '../accounting/price.js';
import type { CatalogueSnapshot, Deployment } from '../core/catalogue.js';
import type { DeploymentId, InferenceId } from '../core/ids.js';
import type { InferenceRecord, RoutingRecord } from '../core/inference.js';
import { addUsd, ZERO_PICO_USD } from '../core/money.js';
import type { PicoUsd } from '../core/money.js';
import { totalOutput } from '../core/usage.js';
import type { RehearsalOptions } from '../routing/contract.js';
import { priceOf } from './settlement.js';

/** Decisions that went elsewhere, shown whole. */
const MAX_SAMPLES = 20;

/** Traffic as one version sends it: by who is asked first. */
export interface TrafficSummary {
  /** The busiest first. */
  readonly split: readonly { readonly deployment: Deployment; readonly calls: number }[];
  /** Calls that nobody could be asked for. */
  readonly refused: number;
  /** Of the calls that can be priced on both sides. */
  readonly cost: PicoUsd;
  /** The mean over the calls whose targets have been measured on both sides; null: there are none. */
  readonly latencyMs: number | null;
}

export interface MovedCall {
  readonly id: InferenceId;
  readonly before: DeploymentId | null;
  readonly after: DeploymentId | null;
  readonly decision: RoutingRecord;
}

export interface TrafficComparison {
  readonly decided: number;
  /** Rows that noted too little to be decided again. */
  readonly skipped: number;
  readonly changed: number;
  readonly priced: number;
  readonly measured: number;
  readonly before: TrafficSummary;
  readonly after: TrafficSummary;
  /** The first of the changed ones. */
  readonly moved: readonly MovedCall[];
}

/** Counts decisions as they were beside what they would have been; and learns from each call how its target fared. */
export interface ReplayTally {
  readonly cost: RehearsalOptions['gaps']['cost'];
  readonly reading: RehearsalOptions['gaps']['reading'];
  add(record: InferenceRecord, again: RoutingRecord | null): void;
  compare(): TrafficComparison;
}

interface Fared {
  calls: number;
  totalMs: number;
  tokens: number;
  /** With thinking. */
  allTokens: number;
  firstTokens: number;
  firstTokenMs: number;
}

/** How often this pair of targets was chosen, before and after. */
interface Pair {
  readonly before: DeploymentId | null;
  readonly after: DeploymentId | null;
  calls: number;
}

interface Books {
  readonly snapshot: CatalogueSnapshot;
  readonly fared: Map<DeploymentId, Fared>;
  readonly pairs: Map<string, Pair>;
  readonly moved: MovedCall[];
  skipped: number;
  priced: number;
  costs: { before: PicoUsd; after: PicoUsd };
}

export function createTally(snapshot: CatalogueSnapshot): ReplayTally {
  const books: Books = {
    ...{ snapshot, fared: new Map(), pairs: new Map(), moved: [], skipped: 0, priced: 0 },
    costs: { before: ZERO_PICO_USD, after: ZERO_PICO_USD },
  };
  return {
    cost(row, deployment) {
      const cost = costAt(row, deployment);
      return cost === null ? null : Number(cost);
    },
    reading(deployment) {
      const known = books.fared.get(deployment.id);
      const latencyMs = known ? known.totalMs / known.calls : null;
      const tokensPerSecond = known && known.tokens > 0 && known.totalMs > 0 ? (known.tokens / known.totalMs) * 1_000 : null;
      const firstTokenMs = known && known.firstTokens > 0 ? known.firstTokenMs / known.firstTokens : null;
      const msPerToken = known && known.allTokens > 0 ? known.totalMs / known.allTokens : null;
      return { inFlight: 0, latencyMs, firstTokenMs, tokensPerSecond, msPerToken, share: 1 };
    },
    add(record, again) {
      if (record.routing === null || again === null) books.skipped += 1;
      else count(books, { record, was: record.routing, again });
      learn(books.fared, record);
    },
    compare: () => compare(books),
  };
}

function chosenIn({ candidates }: RoutingRecord): DeploymentId | null {
  return candidates.find(({ chosen }) => chosen)?.deploymentId ?? null;
}

function count(books: Books, { record, was, again }: { record: InferenceRecord; was: RoutingRecord; again: RoutingRecord }): void {
  const [before, after] = [chosenIn(was), chosenIn(again)];
  const key = `${before ?? ''} ${after ?? ''}`;
  const pair = books.pairs.get(key) ?? { before, after, calls: 0 };
  pair.calls += 1;
  books.pairs.set(key, pair);
  if (before !== after && books.moved.length < MAX_SAMPLES) books.moved.push({ id: record.id, before, after, decision: again });
  const { byId } = books.snapshot.deployments;
  const [left, right] = [before && byId.get(before), after && byId.get(after)];
  const costs = left && right ? ([costAt(record, left), costAt(record, right)] as const) : ([null, null] as const);
  if (costs[0] === null || costs[1] === null) return;
  books.priced += 1;
  books.costs = { before: addUsd(books.costs.before, costs[0]), after: addUsd(books.costs.after, costs[1]) };
}

/** What a call's usage comes to at the price that held there when it was made; null: no usage, or no price. */
function costAt({ usage, createdAt }: Pick<InferenceRecord, 'usage' | 'createdAt'>, deployment: Deployment): PicoUsd | null {
  if (usage === null || usage.source === 'NONE') return null;
  const { total, quality } = costOf(usage, priceOf(deployment, createdAt, null));
  return quality === 'UNPRICED' ? null : total;
}

function learn(fared: Books['fared'], { attempts }: InferenceRecord): void {
  for (const { served, status, durationMs, firstTokenMs, usage } of attempts) {
    if (status !== 'SUCCEEDED' || durationMs === null) continue;
    const known = fared.get(served.deploymentId) ?? { calls: 0, totalMs: 0, tokens: 0, allTokens: 0, firstTokens: 0, firstTokenMs: 0 };
    known.calls += 1;
    known.totalMs += durationMs;
    known.tokens += usage?.output ?? 0;
    known.allTokens += usage === null ? 0 : totalOutput(usage);
    known.firstTokens += firstTokenMs === null ? 0 : 1;
    known.firstTokenMs += firstTokenMs ?? 0;
    fared.set(served.deploymentId, known);
  }
}

function compare(books: Books): TrafficComparison {
  const { fared, skipped, priced, costs, moved } = books;
  const pairs = [...books.pairs.values()];
  const sum = (some: readonly Pair[]) => some.reduce((calls, pair) => calls + pair.calls, 0);
  const meanOf = (id: DeploymentId | null) => {
    const known = id === null ? undefined : fared.get(id);
    return known ? known.totalMs / known.calls : null;
  };
  const measured = pairs.filter(({ before, after }) => meanOf(before) !== null && meanOf(after) !== null);
  const measuredCalls = sum(measured);
  const side = (name: 'before' | 'after'): TrafficSummary => ({
    ...splitOf(pairs, name, books.snapshot),
    cost: costs[name],
    latencyMs: measuredCalls === 0 ? null : measured.reduce((ms, pair) => ms + pair.calls * (meanOf(pair[name]) ?? 0), 0) / measuredCalls,
  });
  const changed = sum(pairs.filter(({ before, after }) => before !== after));
  return { decided: sum(pairs), skipped, changed, priced, measured: measuredCalls, before: side('before'), after: side('after'), moved };
}

function splitOf(
  pairs: readonly Pair[],
  side: 'before' | 'after',
  { deployments }: CatalogueSnapshot,
): Pick<TrafficSummary, 'split' | 'refused'> {
  const counts = new Map<DeploymentId, number>();
  let refused = 0;
  for (const pair of pairs) {
    const id = pair[side];
    if (id === null) refused += pair.calls;
    else counts.set(id, (counts.get(id) ?? 0) + pair.calls);
  }
  const split = [...counts].flatMap(([id, calls]) => {
    const deployment = deployments.byId.get(id);
    return deployment ? [{ deployment, calls }] : [];
  });
  return { split: split.toSorted((left, right) => right.calls - left.calls), refused };
}
