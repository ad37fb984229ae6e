import type { TimeRange } from '../accounting/reports/contract.js';
import type { PastCallsStore } from '../accounting/reports/past-calls.store.js';
import { checkRange, scopeOf } from '../accounting/reports/plan.js';
import type { Catalogue } from '../catalog/contract.js';
import type { CatalogueSnapshot } from '../core/catalogue.js';
import { GatewayError } from '../core/errors.js';
import type { InferenceRecord } from '../core/inference.js';
import type { Principal } from '../core/principal.js';
import type { Route } from '../core/routes.js';
import type { RehearsalOptions, Router } from '../routing/contract.js';
import { createTally } from './replay-tally.js';
import type { TrafficComparison } from './replay-tally.js';

/** Rows of one replay, and of one reading of them. */
export const REPLAY_LIMITS = { rows: 10_000, page: 500 } as const;

export interface RouteReplayRequest {
  readonly slug: string;
  /** A published version; without it and without a definition the one in force. */
  readonly version?: number | null | undefined;
  /** A tree in the shape of the contract's input, unchecked; in place of a version. */
  readonly definition?: unknown;
  readonly range: TimeRange;
  readonly limit: number;
}

export interface RouteReplay extends TrafficComparison {
  readonly route: Route;
  /** Null for a definition that is not published. */
  readonly version: number | null;
  /** When the last call that was looked at had been asked for; null: there was none. */
  readonly until: Date | null;
  /** The range holds calls beyond the limit. */
  readonly hasMore: boolean;
}

export interface RouteReplays {
  /**
   * What another version would have made of a route's past calls, the oldest of the range first. Null: there is no such route.
   * Throws GatewayError BAD_USER_INPUT. `reader` aborts when nobody waits for it any more.
   */
  replay(principal: Principal, request: RouteReplayRequest, reader: AbortSignal): Promise<RouteReplay | null>;
}

export interface RouteReplayDependencies {
  readonly catalogue: Pick<Catalogue, 'snapshot'>;
  readonly router: Pick<Router, 'check' | 'rehearse'>;
  readonly store: PastCallsStore;
  /** Rows that are read at once. */
  readonly pageSize?: number;
}

export function createRouteReplays(dependencies: RouteReplayDependencies): RouteReplays {
  let last: Promise<unknown> = Promise.resolve();
  return {
    async replay(principal, request, reader) {
      const { catalogue } = dependencies;
      checkRange(request.range, 'range');
      if (request.limit < 1 || request.limit > REPLAY_LIMITS.rows) throw bad('limit', `must be from 1 to ${REPLAY_LIMITS.rows}`);
      const snapshot = catalogue.snapshot(principal.organizationId);
      const route = snapshot.routes.bySlug.get(request.slug);
      if (!route) return null;
      const { tree, version } = treeOf(request, { route, snapshot, router: dependencies.router });
      // One after the other: a replay takes as much of the process as some hundred calls, and none may starve those.
      const work = last.then(() => run({ principal, request, snapshot, route, tree, version, reader }, dependencies));
      last = work.catch(() => undefined);
      return work;
    },
  };
}

function bad(argument: string, problem: string): GatewayError {
  return new GatewayError('BAD_USER_INPUT', `${argument}: ${problem}.`);
}

interface Wanted {
  readonly tree: RehearsalOptions['tree'];
  readonly version: number | null;
}

function treeOf(
  { slug, version, definition }: RouteReplayRequest,
  { route, snapshot, router }: { route: Route; snapshot: CatalogueSnapshot; router: Pick<Router, 'check'> },
): Wanted {
  if (definition == null) {
    const wanted = version ?? route.current.version;
    if (!route.versions.some((one) => one.version === wanted)) throw bad('version', 'there is no such version of this route');
    return { tree: { slug, version: wanted }, version: wanted };
  }
  if (version != null) throw bad('version', 'can’t be given beside a definition');
  const checked = router.check({ slug, definition, snapshot });
  if ('definition' in checked) return { tree: checked, version: null };
  throw new GatewayError('BAD_USER_INPUT', checked.problems.map(({ path, message }) => `${path}: ${message}`).join('; '));
}

interface Job extends Wanted {
  readonly principal: Principal;
  readonly request: RouteReplayRequest;
  readonly snapshot: CatalogueSnapshot;
  readonly route: Route;
  readonly reader: AbortSignal;
}

async function run(job: Job, { router, store, pageSize = REPLAY_LIMITS.page }: RouteReplayDependencies): Promise<RouteReplay> {
  const { snapshot, route, tree, version } = job;
  const tally = createTally(snapshot);
  const rehearsal = router.rehearse({ snapshot, tree, gaps: tally });
  const pages = pagesOf(job, { store, pageSize });
  let [until, hasMore]: [Date | null, boolean] = [null, false];
  for await (const { records, more } of pages) {
    for (const record of records) tally.add(record, rehearsal.decide(record));
    until = records.at(-1)?.createdAt ?? until;
    hasMore = more;
  }
  return { route, version, until, hasMore, ...tally.compare() };
}

interface Page {
  readonly records: readonly InferenceRecord[];
  readonly more: boolean;
}

/** By key, and each in a transaction of its own: nothing is held while decisions are made. */
async function* pagesOf(
  { principal, request, reader }: Job,
  { store, pageSize }: { store: PastCallsStore; pageSize: number },
): AsyncGenerator<Page> {
  const { slug: model, range, limit } = request;
  let after: InferenceRecord | null = null;
  for (let left = limit; left > 0 && !reader.aborted;) {
    const size = Math.min(left, pageSize);
    const found: readonly InferenceRecord[] = await store.pastCalls({ scope: scopeOf(principal), model, range, limit: size + 1, after });
    const records = found.slice(0, size);
    yield { records, more: found.length > size };
    after = records.at(-1) ?? null;
    left = found.length > size ? left - size : 0;
  }
}
