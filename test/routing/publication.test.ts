import { expect, test } from '@jest/globals';
import type { RouteNode } from '../../src/core/routes.js';
import type { Operation } from '../../src/core/vocabulary.js';
import { createConditionCompiler } from '../../src/routing/conditions.js';
import { checkDefinition } from '../../src/routing/definition.js';
import { deployment, snapshotOf } from '../inference/kit.js';
import { routeOf, to } from './stage.js';

const serving = (slug: string, ...operations: readonly Operation[]) =>
  deployment({ slug, provider: { slug: `at-${slug}` }, model: { slug: `m-${slug}`, operations } });
const DEPLOYMENTS = [serving('chat', 'COMPLETION'), serving('vectors', 'EMBEDDING'), serving('both', 'EMBEDDING', 'COMPLETION')];
const OFF = [
  deployment({ slug: 'off', enabled: false, provider: { slug: 'at-off' }, model: { slug: 'm-off' } }),
  deployment({ slug: 'dark', provider: { slug: 'at-dark', enabled: false }, model: { slug: 'm-dark' } }),
];
const SNAPSHOT = snapshotOf([...DEPLOYMENTS, ...OFF], undefined, [
  routeOf('embedder', { fallback: { nodes: [to('vectors'), to('both')] } }),
]);

function findings(definition: RouteNode): readonly string[] {
  const checked = checkDefinition({ slug: 'main', definition, snapshot: SNAPSHOT }, createConditionCompiler());
  return 'problems' in checked ? checked.problems.map(({ path, message }) => `${path} ${message}`) : [];
}

const balance = (...nodes: readonly RouteNode[]): RouteNode => ({
  balance: { strategy: 'ROUND_ROBIN', branches: nodes.map((node) => ({ node })) },
});
const LACKS = 'lacks the operation of the targets before it:';

test.each<[string, RouteNode, readonly string[]]>([
  ['one operation', balance(to('vectors'), to('both')), []],
  ['the other one', balance(to('chat'), to('both')), []],
  ['a deployment', balance(to('chat'), to('vectors')), [`definition.balance.branches.1.node.target.deployment ${LACKS} COMPLETION`]],
  [
    'a model, below a split',
    { fallback: { nodes: [to('vectors'), { split: { branches: [{ name: 'a', weight: 1, node: { target: { model: 'm-chat' } } }] } }] } },
    [`definition.fallback.nodes.1.split.branches.0.node.target.model ${LACKS} EMBEDDING`],
  ],
  [
    'who serves both narrows nothing for the others',
    { fallback: { nodes: [to('both'), to('chat'), to('vectors')] } },
    [`definition.fallback.nodes.2.target.deployment ${LACKS} COMPLETION`],
  ],
  [
    'a route by its name, in a condition',
    { when: { branches: [{ if: 'request.hasTools', then: to('vectors') }], otherwise: { target: { route: 'embedder' } } } },
    [],
  ],
  [
    'a route of another operation',
    { when: { branches: [{ if: 'request.hasTools', then: { target: { route: 'embedder' } } }], otherwise: to('chat') } },
    [`definition.when.otherwise.target.deployment ${LACKS} EMBEDDING`],
  ],
])('publication names targets that lack the operation: %s', (_, definition, expected) => {
  expect(findings(definition)).toEqual(expected);
});

test('publication names targets that are disabled, by themselves or with their provider', () => {
  expect(findings(balance(to('chat'), to('off'), to('dark'), { target: { model: 'm-off' } }))).toEqual([
    'definition.balance.branches.1.node.target.deployment the deployment is disabled',
    'definition.balance.branches.2.node.target.deployment its provider is disabled',
    'definition.balance.branches.3.node.target.model no enabled deployment serves this model',
  ]);
});
