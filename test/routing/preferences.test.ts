import { describe, expect, test } from '@jest/globals';
import { deployment } from '../inference/kit.js';
import { createRoutingStage, to } from './stage.js';

const deployments = [
  deployment({ slug: 'a', provider: { slug: 'one' }, model: { slug: 'm-a' }, region: 'us' }),
  deployment({ slug: 'b', provider: { slug: 'two', region: 'eu' }, model: { slug: 'm-b' } }),
  deployment({ slug: 'c', provider: { slug: 'three', region: 'us' }, model: { slug: 'm-c' }, region: 'eu' }),
];
const COSTS: Readonly<Record<string, number>> = { a: 3, b: 2, c: 1 };
const main = { fallback: { nodes: ['a', 'b', 'c'].map((slug) => to(slug)) } };
const start = (definition: Parameters<typeof createRoutingStage>[0]['main'] = main) =>
  createRoutingStage({ deployments, main: definition, sizing: { cost: (_call, { slug }) => COSTS[slug] ?? null } });

describe('what one call asks of its routing', () => {
  test.each([
    [{}, ['a', 'b', 'c']],
    [{ regions: ['eu'] }, ['b', 'c']],
    [{ regions: ['us', 'eu'] }, ['a', 'b', 'c']],
    [{ regions: ['mars'] }, 'MODEL_NOT_FOUND'],
    [{ providers: ['three', 'one'] }, ['a', 'c']],
    [{ excludeProviders: ['one'] }, ['b', 'c']],
    [{ providers: ['one', 'two'], excludeProviders: ['one'] }, ['b']],
    [{ disableFallbacks: true }, ['a']],
    [{ disableFallbacks: true, regions: ['eu'] }, ['b']],
  ] as const)('%j', (routing, expected) => {
    expect(start().order({ routing })).toEqual(expected);
  });

  test('optimizeFor stands in for the strategy of balances', () => {
    const branches = ['a', 'b', 'c'].map((slug) => ({ node: to(slug) }));
    const stage = start({ balance: { strategy: 'ROUND_ROBIN', branches } });
    expect(stage.order({ routing: { optimizeFor: 'COST' } })).toEqual(['c', 'b', 'a']);
    expect(stage.plan({ routing: { optimizeFor: 'LATENCY' } }).record.steps[0]?.reason).toMatch(/^LOWEST_LATENCY/);
    expect(stage.plan({ routing: { optimizeFor: 'THROUGHPUT' } }).record.steps[0]?.reason).toMatch(/^HIGHEST_THROUGHPUT/);
  });

  test('maxFirstTokenMs puts targets last that are known to be slower, and no others', async () => {
    const stage = start();
    stage.caller.script = (call) =>
      call.end({ firstTokenMs: call.target.deploymentId === deployments[0]?.id ? 900 : 100, durationMs: 1_000 });
    await stage.run();
    expect(stage.order({ routing: { maxFirstTokenMs: 500 } })).toEqual(['b', 'c', 'a']);
    expect(stage.order({ routing: { maxFirstTokenMs: 1_000 } })).toEqual(['a', 'b', 'c']);
  });
});
