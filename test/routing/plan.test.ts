import { describe, expect, test } from '@jest/globals';
import { parseCompletionInput } from '../../src/inference/input/parse.js';
import { createHealthBoard } from '../../src/routing/health.js';
import { createRouter } from '../../src/routing/router.js';
import { createManualClock } from '../kit/manual-clock.js';
import { createScriptedCaller, deployment, input, principal, snapshotOf } from '../inference/kit.js';

const first = deployment({ slug: 'acme.gpt', weight: 9 });
const second = deployment({ slug: 'beta.gpt', provider: { slug: 'beta' }, upstreamModel: 'models/gpt@1' });
const off = deployment({ slug: 'gamma.gpt', provider: { slug: 'gamma', enabled: false } });
const other = deployment({ slug: 'acme.mini', model: { slug: 'mini' }, upstreamModel: 'gpt' });
const snapshot = snapshotOf([
  first,
  second,
  { ...off, enabled: true },
  deployment({ slug: 'delta.gpt', provider: { slug: 'delta' }, enabled: false }),
  other,
]);

function plan(model: string, models: readonly string[] | null = null, random = () => 0.25) {
  const parsed = parseCompletionInput(input({ model }));
  if (!parsed.ok) throw new Error(parsed.error.message);
  const clock = createManualClock();
  const router = createRouter({ caller: createScriptedCaller(), health: createHealthBoard({ clock }), clock, random });
  return router.plan(parsed.value, { principal: principal({ models: models && new Set(models) }), snapshot });
}

function slugsOf(model: string, models: readonly string[] | null = null) {
  const result = plan(model, models);
  return result.ok ? result.value.targets.map(({ slug }) => slug) : result.error.code;
}

describe('what a model’s name means', () => {
  test.each([
    ['a model’s slug: its deployments that serve, the highest weight first', 'gpt', ['acme.gpt', 'beta.gpt']],
    ['a provider and a model’s slug', 'beta/gpt', ['beta.gpt']],
    ['a provider and its own name, slashes and all', 'beta/models/gpt@1', ['beta.gpt']],
    ['a model’s slug goes before a provider’s own name', 'acme/gpt', ['acme.gpt']],
    ['an unknown model', 'nope', 'MODEL_NOT_FOUND'],
    ['an unknown provider', 'nope/gpt', 'MODEL_NOT_FOUND'],
    ['an unknown model of a provider', 'acme/nope', 'MODEL_NOT_FOUND'],
    ['a provider alone', 'acme/', 'MODEL_NOT_FOUND'],
    ['a bare name of the provider’s own', 'models/gpt@1', 'MODEL_NOT_FOUND'],
    ['a disabled provider', 'gamma/gpt', 'MODEL_NOT_FOUND'],
    ['a disabled deployment', 'delta/gpt', 'MODEL_NOT_FOUND'],
    ['another spelling', 'GPT', 'MODEL_NOT_FOUND'],
    ['a word that objects inherit', 'constructor', 'MODEL_NOT_FOUND'],
  ] as const)('%s', (_, model, expected) => {
    expect(slugsOf(model)).toEqual(expected);
  });

  test('an error names the model as the caller wrote it', () => {
    expect(plan('nope/gpt')).toMatchObject({ ok: false, error: { model: 'nope/gpt' } });
  });
});

describe('K8 the allow-list names models, and is asked after resolution', () => {
  test.each([
    ['gpt', ['gpt'], ['acme.gpt', 'beta.gpt']],
    ['gpt', ['mini'], 'MODEL_NOT_ALLOWED'],
    ['beta/models/gpt@1', ['mini'], 'MODEL_NOT_ALLOWED'],
    ['beta/models/gpt@1', ['gpt'], ['beta.gpt']],
    ['beta/models/gpt@1', ['models/gpt@1'], 'MODEL_NOT_ALLOWED'],
    ['gpt', [], 'MODEL_NOT_ALLOWED'],
  ] as const)('%s with %j', (model, models, expected) => {
    expect(slugsOf(model, models)).toEqual(expected);
  });
});

describe('the record of a decision', () => {
  test('lists every candidate: exactly one is chosen, the rest say why not', () => {
    const result = plan('gpt');
    if (!result.ok) throw new Error(result.error.message);
    expect(result.value.record.candidates.map(({ chosen, excluded }) => [chosen, excluded])).toEqual([
      [true, null],
      [false, null],
      [false, 'its provider is disabled'],
      [false, 'the deployment is disabled'],
    ]);
    expect(result.value.record.steps).toMatchObject([
      { kind: 'MODEL', outcome: '2 of 4 deployments can be used' },
      { kind: 'BALANCE', outcome: 'acme.gpt' },
    ]);
  });

  test('seeds are unique per call', () => {
    const seeds = Array.from({ length: 1_000 }, () => {
      const result = plan('gpt', null, Math.random);
      return result.ok ? result.value.record.seed : '';
    });
    expect(new Set(seeds).size).toBe(1_000);
    expect(seeds.every((seed) => /^[0-9a-f]{16}$/.test(seed))).toBe(true);
  });
});
