import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createPastCallsStore } from '../../src/accounting/reports/past-calls.store.js';
import { EMPTY_ANSWER } from '../../src/core/answer.js';
import { newId } from '../../src/core/ids.js';
import type { InferenceRecord, RoutingRecord } from '../../src/core/inference.js';
import type { Route, RouteNode } from '../../src/core/routes.js';
import { BALANCE_STRATEGIES, LATENCY_MEASURES } from '../../src/core/vocabulary.js';
import type { BalanceStrategy } from '../../src/core/vocabulary.js';
import { parseCompletionInput } from '../../src/inference/input/parse.js';
import { createRouteReplays } from '../../src/inference/replays.js';
import { chanceAt } from '../../src/routing/chance.js';
import { createHealthBoard } from '../../src/routing/health.js';
import { createRouter } from '../../src/routing/router.js';
import { DAY, openBooks } from '../accounting/reports/world.js';
import type { Books, Tenant } from '../accounting/reports/world.js';
import { createScriptedCaller, deployment, failure, input, principal, snapshotOf, STAYS, usage } from '../inference/kit.js';
import { createManualClock } from '../kit/manual-clock.js';

const TREES = 40;
const CALLS = 25;

let books: Books;
let tenant: Tenant;

beforeAll(async () => {
  books = await openBooks();
  tenant = await books.found();
});

afterAll(() => books.close());

const DEPLOYMENTS = Array.from({ length: 8 }, (_, index) =>
  deployment({ slug: `d${index}`, weight: 1 + index * 3, provider: { slug: `p${index}` }, model: { slug: `m${index % 3}` } }),
);

const leaf = fc.oneof(
  fc.constantFrom(...DEPLOYMENTS.map(({ slug }) => slug)).map((slug): RouteNode => ({ target: { deployment: slug } })),
  fc.constantFrom('m0', 'm1', 'm2').map((model): RouteNode => ({ target: { model } })),
  fc.constant<RouteNode>({ target: { route: 'inner' } }),
);

const { tree } = fc.letrec<{ tree: RouteNode }>((tie) => {
  const nodes = fc.array(tie('tree'), { minLength: 2, maxLength: 4 });
  const sticky = fc.constantFrom<object>({}, { sticky: 'SESSION' }, { sticky: 'API_KEY' });
  const latencies = fc.constantFrom<readonly [BalanceStrategy, object]>(
    ...BALANCE_STRATEGIES.map((strategy) => [strategy, {}] as const),
    ...LATENCY_MEASURES.map((latencyMeasure) => ['LOWEST_LATENCY', { latencyMeasure }] as const),
  );
  const hedge = fc.constantFrom<object>({}, { hedge: { afterPercentile: 90, maxExtraLoad: 0.1 } });
  return {
    tree: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaf,
      fc.tuple(nodes, hedge).map(([inner, also]): RouteNode => ({ fallback: { nodes: inner, ...also } })),
      fc.tuple(nodes, sticky).map(([inner, keep]): RouteNode => ({
        split: { branches: inner.map((node, index) => ({ name: `b${index}`, weight: index + 1, node })), ...keep },
      })),
      fc.tuple(nodes, latencies, sticky).map(([inner, [strategy, measure], keep]): RouteNode => ({
        balance: { strategy, branches: inner.map((node, index) => ({ node, weight: index + 1 })), ...keep, ...measure },
      })),
      fc.tuple(tie('tree'), tie('tree')).map(([then, otherwise]): RouteNode => ({
        when: { branches: [{ if: 'request.tags.plan == "pro" || request.user == "ben"', then }], otherwise },
      })),
    ),
  };
});

function routeOf(slug: string, definition: RouteNode): Route {
  const current = { version: 1, definition, note: null, publishedAt: new Date(0), publishedBy: 'test' };
  return { id: newId('route'), slug, current, versions: [current], deleted: false };
}

/** Chance that is the same in every run. */
function seeded(): () => number {
  let draws = 0;
  return () => chanceAt('stored decisions', String((draws += 1)));
}

function stage() {
  const clock = createManualClock(DAY.from);
  const caller = createScriptedCaller();
  const random = seeded();
  const sizing = { inputTokens: () => 10, cost: (_call: unknown, { slug }: { slug: string }) => Number(slug.slice(1)) };
  const router = createRouter({ caller, health: createHealthBoard({ clock }), clock, random, sizing });
  const definitions = fc.sample(tree, { numRuns: TREES, seed: 16 });
  const routes = [
    ...definitions.map((definition, index) => routeOf(`r${index}`, definition)),
    routeOf('inner', { target: { model: 'm1' } }),
  ];
  const snapshot = { ...snapshotOf(DEPLOYMENTS, undefined, routes), organizationId: tenant.organizationId };
  caller.script = (call) => {
    const draw = random();
    if (draw < 0.01) call.fail(failure('TARGET_NOT_FOUND'));
    else if (draw < 0.05) call.fail(failure('RATE_LIMITED', { retryAfterMs: 2_000 }));
    else call.end({ durationMs: 100 + draw * 900, firstTokenMs: 40 + draw * 60, answer: { ...EMPTY_ANSWER, usage: usage(10, 5) } });
  };
  return { clock, caller, random, router, snapshot };
}

/** One call, made and answered; its row as the books get it. */
async function callOf({ clock, random, router, snapshot }: ReturnType<typeof stage>, model: string): Promise<InferenceRecord> {
  const pick = <One>(from: readonly One[]) => from[Math.floor(random() * from.length)]!;
  const who = principal({ apiKeyId: pick(tenant.keys), organizationId: tenant.organizationId });
  const tags = pick([[], [{ key: 'plan', value: 'pro' }], [{ key: 'plan', value: 'ß"\\' }]]);
  const fields = { model, tags, sessionId: pick([null, 'a', 'b']), user: pick([null, 'anna', 'ben']), task: pick([null, 'CODE'] as const) };
  const parsed = parseCompletionInput(input(fields));
  if (!parsed.ok) throw new Error(parsed.error.message);
  const planned = router.plan(parsed.value, { principal: who, snapshot });
  await clock.advance(random() * 3_000);
  const row = tenant.record({ ...fields, requestedModel: model, served: null, apiKeyId: who.apiKeyId, createdAt: clock.now() });
  if (!planned.ok) return row;
  const watch = { stream: true, signal: STAYS, deadlineAtMs: clock.monotonicMs(), onDeltas: () => undefined };
  await router.dispatch(parsed.value, planned.value, watch);
  return { ...row, routing: planned.value.record };
}

function asStoredBefore(routing: RoutingRecord | null): RoutingRecord | null {
  if (!routing?.inputs) return routing;
  const deployments = Object.fromEntries(routing.candidates.flatMap(({ deploymentId, seen }) => (seen ? [[deploymentId, seen]] : [])));
  const candidates = routing.candidates.map(({ seen: _, ...candidate }) => candidate);
  return { ...routing, candidates, inputs: { ...routing.inputs, deployments } };
}

/** As JSON holds it: what is undefined is absent. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('decisions replayed from their stored rows are the same, 1,000 of 1,000', async () => {
  const made = stage();
  const rows: InferenceRecord[] = [];
  for (let index = 0; rows.length < TREES * CALLS; index += 1) {
    const row = await callOf(made, `r${index % TREES}`);
    if (row.routing) rows.push(row);
  }
  await books.book(...rows);
  const store = createPastCallsStore(books.work);
  const read: InferenceRecord[] = [];
  for (let index = 0; index < TREES; index += 1)
    read.push(...(await store.pastCalls({ scope: tenant.reader, model: `r${index}`, range: DAY, limit: 1_000, after: null })));
  const written = new Map(rows.map((row) => [row.id, row.routing]));
  const again = (row: InferenceRecord) => made.router.replay(row, { snapshot: made.snapshot });
  const others = read.filter((row) => !isDeepStrictEqual(plain(again(row)), plain(written.get(row.id))));
  expect(others.slice(0, 1).map((row) => [again(row), row.routing])).toEqual([]);
  expect(read).toHaveLength(1_000);
  // Rows of earlier versions hold apart what was seen of each candidate: they are decided again as well.
  const older = read.filter(
    (row) => !isDeepStrictEqual(plain(again({ ...row, routing: asStoredBefore(row.routing) })), plain(written.get(row.id))),
  );
  expect(older.slice(0, 1)).toEqual([]);
  // The whole of it by the use case, page by page: nothing moves where the same version decides.
  const { router, snapshot } = made;
  const replays = createRouteReplays({ catalogue: { snapshot: () => snapshot }, router, store });
  const replay = await replays.replay(tenant.reader, { slug: 'r3', range: DAY, limit: 1_000 }, STAYS);
  expect(replay).toMatchObject({
    decided: rows.filter(({ requestedModel }) => requestedModel === 'r3').length,
    skipped: 0,
    changed: 0,
    hasMore: false,
    version: 1,
  });
  expect(replay?.before.split).toEqual(replay?.after.split);
});

test('a replay goes by the range, oldest first, in pages by key, and says where it stopped', async () => {
  const made = stage();
  const rows: InferenceRecord[] = [];
  while (rows.length < 30) rows.push(await callOf(made, 'r0'));
  const { router, snapshot } = made;
  const asked: number[] = [];
  const all = rows.map((row, index) => ({ ...row, createdAt: new Date(DAY.from.getTime() + 12 * 3_600_000 + Math.floor(index / 2)) }));
  await books.book(...all.map((row) => ({ ...row, id: newId('completion') })));
  const store = createPastCallsStore(books.work);
  const replays = createRouteReplays({
    ...{ catalogue: { snapshot: () => snapshot }, router, pageSize: 10 },
    store: {
      pastCalls(question) {
        asked.push(question.limit);
        return store.pastCalls(question);
      },
    },
  });
  const range = { from: all[2]!.createdAt, to: DAY.to };
  const some = await replays.replay(tenant.reader, { slug: 'r0', range, limit: 9 }, STAYS);
  expect(some).toMatchObject({ hasMore: true, until: all[10]!.createdAt });
  expect(some!.decided + some!.skipped).toBe(9);
  const rest = await replays.replay(tenant.reader, { slug: 'r0', range, limit: 28 }, STAYS);
  expect(rest).toMatchObject({ hasMore: false, until: all[29]!.createdAt });
  expect(asked).toEqual([10, 11, 11, 9]);
  expect(await replays.replay(tenant.reader, { slug: 'gone', range, limit: 1 }, STAYS)).toBeNull();
  await expect(replays.replay(tenant.reader, { slug: 'r0', range, limit: 10_001 }, STAYS)).rejects.toThrow('limit');
  await expect(replays.replay(tenant.reader, { slug: 'r0', version: 7, range, limit: 1 }, STAYS)).rejects.toThrow('version');
});
