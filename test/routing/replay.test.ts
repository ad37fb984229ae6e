import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import type { CatalogueSnapshot, Deployment, Model } from '../../src/core/catalogue.js';
import type { RoutingRecord } from '../../src/core/inference.js';
import type { RouteNode } from '../../src/core/routes.js';
import type { DecidedRow, PastCall } from '../../src/routing/contract.js';
import { createTally } from '../../src/inference/replay-tally.js';
import { NO_READING } from '../../src/routing/evidence.js';
import { newId } from '../../src/core/ids.js';
import { sampleAttempt, sampleRecord } from '../accounting/records.js';
import { deployment, principal, snapshotOf } from '../inference/kit.js';
import { createRoutingStage, to } from './stage.js';

const ALL = ['a', 'b', 'c'].map((slug) =>
  deployment({ slug, provider: { slug: `at-${slug}` }, model: { slug: 'm', contextWindow: 1_000 }, weight: 2 }),
);
const [A, B, C] = ALL as [Deployment, Deployment, Deployment];
const MAIN: RouteNode = { fallback: { nodes: [{ target: { model: 'm' } }, to('a')] } };
const who = principal();
const stage = createRoutingStage({ deployments: [A, B, { ...C, enabled: false }], main: MAIN });
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** A decision as its row holds it. */
function decided(): DecidedRow & { readonly routing: RoutingRecord } {
  const { record } = stage.plan({}, who);
  const asked = { operation: 'COMPLETION', requestedModel: 'main', task: null, user: null, sessionId: null, tags: [] } as const;
  return { ...asked, apiKeyId: who.apiKeyId, teamId: null, routing: plain(record) as RoutingRecord };
}

/** The configuration as it became since: deployments by what changed of them; null: deleted. */
function since(changed: Readonly<Record<string, Partial<Deployment> | null>>, model: Partial<Model> = {}): CatalogueSnapshot {
  const all = [A, B, { ...C, enabled: false }].map((one) => ({ ...one, ...changed[one.slug], model: { ...one.model, ...model } }));
  const left = all.filter(({ slug }) => changed[slug] !== null);
  const now = snapshotOf(left, undefined, stage.snapshot.routes.all);
  // What was deleted stays findable by id.
  const byId = new Map(all.map((one) => [one.id, changed[one.slug] === null ? { ...one, deleted: true } : one]));
  return { ...now, version: 2, deployments: { ...now.deployments, byId } };
}

function withNamesake(snapshot: CatalogueSnapshot): CatalogueSnapshot {
  const other = deployment({ slug: 'a', provider: { slug: 'elsewhere' }, model: { slug: 'other' } });
  const bySlug = new Map([...snapshot.deployments.bySlug, ['a', other]]);
  return { ...snapshot, deployments: { ...snapshot.deployments, bySlug } };
}

const HOWEVER = [
  ['nothing changed', since({})],
  ['a target is disabled', since({ a: { enabled: false }, b: { enabled: false } })],
  ['one that was disabled is enabled', since({ c: { enabled: true } })],
  ['targets are deleted', since({ a: null, b: null })],
  ['all of them are', since({ a: null, b: null, c: null })],
  ['a deleted one’s slug is another’s', withNamesake(since({ a: null }))],
  ['the window shrank below the prompt', since({}, { contextWindow: 1 })],
  ['the model lost the operation', since({}, { operations: ['EMBEDDING'] })],
  ['weights and prices changed', since({ a: { weight: 50, prices: [] }, b: { weight: 0 } })],
] as const;

describe('a stored decision, decided again', () => {
  test.each(HOWEVER)('is the same where %s', (_, snapshot) => {
    for (let index = 0; index < 10; index += 1) {
      const row = decided();
      const again = stage.router.replay(row, { snapshot });
      expect(again?.inputs?.snapshot).toBe(snapshot.version);
      const { inputs, ...was } = row.routing;
      expect({ ...(plain(again) as object), inputs: undefined }).toEqual({ ...was, inputs: undefined });
      expect(isDeepStrictEqual(inputs?.models, plain(again?.inputs?.models))).toBe(true);
    }
  });

  test('is not made where its version is gone with its route', () => {
    const gone = { ...since({}), routes: snapshotOf([]).routes };
    expect(stage.router.replay(decided(), { snapshot: gone })).toBeNull();
  });
});

describe('under another tree', () => {
  const rehearsed = (snapshot: CatalogueSnapshot, definition: RouteNode) => {
    const gaps = { cost: () => null, reading: () => NO_READING };
    const call: PastCall = { ...decided(), id: newId('completion'), status: 'SUCCEEDED', usage: null, createdAt: new Date() };
    const record = stage.router.rehearse({ snapshot, tree: { definition }, gaps }).decide(call);
    return Object.fromEntries(
      record?.candidates.map(({ deploymentId, excluded, chosen }) => [stage.slugOf(deploymentId), chosen || excluded]) ?? [],
    );
  };

  test('who was looked at then holds as it was then, also one that is disabled now', () => {
    expect(rehearsed(since({ a: { enabled: false } }), to('a'))).toEqual({ a: true });
    expect(rehearsed(since({ c: { enabled: true } }), to('c'))).toEqual({ c: 'the deployment is disabled' });
  });

  test('who was not is told as of today: disabled, too small, or gone', () => {
    const added = deployment({ slug: 'd', provider: { slug: 'at-d' }, model: { slug: 'n' } });
    const withAdded = (fields: Partial<Deployment>, model: Partial<Model> = {}) => {
      const now = snapshotOf([...ALL, { ...added, ...fields, model: { ...added.model, ...model } }], undefined, stage.snapshot.routes.all);
      return Object.values(rehearsed(now, to('d')));
    };
    expect(withAdded({})).toEqual([true]);
    expect(withAdded({ enabled: false })).toEqual(['the deployment is disabled']);
    expect(withAdded({}, { operations: ['EMBEDDING'] })).toEqual(['its model is not for COMPLETION']);
    expect(rehearsed(since({}), to('d'))).toEqual({});
  });
});

describe('the latency of both sides', () => {
  const choice = (chosen: Deployment): RoutingRecord => ({
    ...{ route: 'main', routeVersion: 1, seed: 's', steps: [] },
    candidates: [{ deploymentId: chosen.id, chosen: true, score: null, excluded: null }],
  });
  const answered = (by: Deployment, durationMs: number) => {
    const served = { modelId: by.model.id, deploymentId: by.id, providerId: by.provider.id };
    return sampleRecord({ routing: choice(by), served, attempts: [sampleAttempt({ served, durationMs })] });
  };

  test('is the mean of what their targets took, over the calls whose targets are known on both', () => {
    const tally = createTally(since({}));
    // On the mean a takes 200 ms and b 50; of c nothing is known.
    tally.add(answered(A, 100), choice(B));
    tally.add(answered(A, 300), choice(B));
    tally.add(answered(B, 50), choice(B));
    tally.add(answered(A, 200), choice(C));
    const { measured, before, after } = tally.compare();
    expect([measured, before.latencyMs, after.latencyMs]).toEqual([3, (2 * 200 + 50) / 3, 50]);
    expect(tally.reading(A).latencyMs).toBe(200);
  });

  test('is not told where nothing is known of one side', () => {
    const tally = createTally(since({}));
    tally.add(answered(A, 100), choice(C));
    expect(tally.compare()).toMatchObject({ measured: 0, before: { latencyMs: null }, after: { latencyMs: null } });
  });
});
