import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { newId } from '../../src/core/ids.js';
import type { RouteNode } from '../../src/core/routes.js';
import { CONDITION_LIMITS, createConditionCompiler } from '../../src/routing/conditions.js';
import { checkDefinition } from '../../src/routing/definition.js';
import type { Facts } from '../../src/routing/facts.js';
import { deployment, snapshotOf } from '../inference/kit.js';
import { createRoutingStage, to } from './stage.js';

const conditions = createConditionCompiler();

const FACTS: Facts = {
  ...{ apiKeyId: newId('key'), teamId: null, task: null, user: null, sessionId: null, tags: [], inputTokens: 0, region: null },
  ...{ hasTools: false, hasImages: false, preferences: null, at: new Date('2026-11-21T12:00:00Z') },
  ...{ operation: 'COMPLETION', needs: [] },
};

function verdict(source: string, facts: Partial<Facts> = {}) {
  const compiled = conditions.compile(source);
  if ('problem' in compiled) return compiled.problem;
  return compiled.condition({ ...FACTS, ...facts });
}

const DEPLOYMENTS = ['a', 'b'].map((slug) => deployment({ slug, provider: { slug: `at-${slug}` }, model: { slug: `m-${slug}` } }));
const when = (...sources: readonly string[]): RouteNode => ({
  when: { branches: sources.map((source) => ({ if: source, then: to('a') })), otherwise: to('b') },
});

function findings(...sources: readonly string[]): readonly string[] {
  const definition = { fallback: { nodes: [to('b'), when(...sources)] } };
  const checked = checkDefinition({ slug: 'main', definition, snapshot: snapshotOf(DEPLOYMENTS) }, conditions);
  return 'problems' in checked ? checked.problems.map(({ path, message }) => `${path} ${message}`) : [];
}

describe('what a condition may say', () => {
  test.each([
    ['request.task == "CODE"', { task: 'CODE' }],
    ['request.inputTokens > 1000 && request.inputTokens < 3000', { inputTokens: 2_000 }],
    ['request.tags.plan == "pro"', { tags: [{ key: 'plan', value: 'pro' }] }],
    ['request.tags["plan"] in ["pro", "max"]', { tags: [{ key: 'plan', value: 'max' }] }],
    ['has(request.tags.plan)', { tags: [{ key: 'plan', value: '' }] }],
    ['"plan" in request.tags && request.tags.plan.startsWith("p")', { tags: [{ key: 'plan', value: 'pro' }] }],
    ['request.tags.exists(name, name.startsWith("x-"))', { tags: [{ key: 'x-one', value: '1' }] }],
    ['request.user.endsWith("@example.com")', { user: 'one@example.com' }],
    ['request.hasTools || request.hasImages', { hasImages: true }],
    ['request.region == "eu-west"', { region: 'eu-west' }],
    ['now.getHours() >= 8 && now.getHours() < 18', {}],
    ['now > timestamp("2026-01-01T00:00:00Z") + duration("24h")', {}],
  ] as const)('%s', (source, facts) => {
    expect(findings(source)).toEqual([]);
    expect(verdict(source, facts as Partial<Facts>)).toBe(true);
  });

  test.each([
    ...[
      'request.task == ""',
      'request.user == ""',
      'request.sessionId == ""',
      'request.region == ""',
      'team == ""',
      'request.tags.nope == ""',
    ],
    ...[
      'request.inputTokens == 0',
      'budget.usedFraction == 0.0',
      'request.complexity == 0.0',
      '!request.hasTools',
      '!has(request.tags.nope)',
    ],
  ])('what is unset is the empty text or nothing: %s', (source) => {
    expect(verdict(source)).toBe(true);
  });
});

describe('a finding at publication, with its path', () => {
  test.each([
    ['request.', /does not parse/],
    ['request.nope == 1', /does not type-check/],
    ['request.user == 1', /does not type-check/],
    ['request.user', /must be true or false/],
    ['nope == 1', /does not type-check/],
    ['request.user.matches("(a+)+$")', /matches\(\) is not offered/],
    ['["a"].map(x, x + x).exists(y, y == "aa")', /map\(\) is not offered/],
    ['cel.bind(a, "x", a + a == "xx")', /bind\(\) is not offered/],
    ['request.user.split("").join(request.user) == ""', /(split|join)\(\) is not offered/],
    ['request.tags.exists(a, request.tags.exists(b, a == b))', /exists\(\) must not have another such call within it/],
    ['request.tags.all(a, !([1, 2].filter(b, b > 1).size() > 1))', /all\(\) must not have another/],
    ['1 / request.inputTokens > 1', /fails where nothing is set/],
    ['request.inputTokens / (request.inputTokens - 1000) > 1', /fails where everything is set/],
    ['int(request.user) > 3', /fails where everything is set/],
    ['request.tags[request.user] == "x"', /fails where nothing is set/],
    ['x'.repeat(CONDITION_LIMITS.length + 1), /at most 1000 characters/],
    [`request.user == "${'" + "'.repeat(110)}"`, /does not parse/],
    ['('.repeat(40) + 'true' + ')'.repeat(40), /does not parse|always true/],
    ['', /must not be empty/],
    ['false', /never true/],
  ])('%s', (source, message) => {
    const found = findings(source);
    expect(found[0]).toMatch(message);
    expect(found[0]).toMatch(/^definition\.fallback\.nodes\.1\.when\.branches\.0\.if /);
  });

  test('each bad condition is named', () => {
    expect(findings('request.', 'request.hasTools', 'nope').map((one) => one.split(' ')[0])).toEqual([
      'definition.fallback.nodes.1.when.branches.0.if',
      'definition.fallback.nodes.1.when.branches.2.if',
    ]);
  });
});

test('a condition that fails for one call is told in its steps and warnings, and the others are asked', () => {
  const main = when('100 / (request.inputTokens - 10) > 5', 'request.hasTools');
  const stage = createRoutingStage({ deployments: DEPLOYMENTS, main });
  const { record, warnings, targets } = stage.plan();
  expect(record.steps[0]).toMatchObject({ kind: 'WHEN', outcome: 'branch 0 failed', reason: expect.stringMatching(/zero/i) });
  expect(warnings).toEqual([expect.stringMatching(/^route_condition_failed: definition\.when\.branches\.0\.if: /)]);
  expect(targets.map(({ slug }) => slug)).toEqual(['b']);
});

/** An expression with what it must come to, by JavaScript. */
interface Told {
  readonly source: string;
  readonly of: (facts: Facts) => boolean;
}

const tagOf = ({ tags }: Facts, name: string) => tags.find(({ key }) => key === name)?.value;
const text = fc.constantFrom('', 'a', 'pro', 'CODE', 'eu', "o'clock", 'ünï');
const quoted = (value: string) => JSON.stringify(value);
const leaf: fc.Arbitrary<Told> = fc.oneof(
  fc.constantFrom<Told>({ source: 'true', of: () => true }, { source: 'false', of: () => false }),
  text.map((value): Told => ({ source: `request.user == ${quoted(value)}`, of: ({ user }) => (user ?? '') === value })),
  text.map((value): Told => ({ source: `request.task != ${quoted(value)}`, of: ({ task }) => (task ?? '') !== value })),
  text.map((value): Told => ({ source: `request.user.startsWith(${quoted(value)})`, of: ({ user }) => (user ?? '').startsWith(value) })),
  text.map((value): Told => ({ source: `request.tags.plan == ${quoted(value)}`, of: (facts) => (tagOf(facts, 'plan') ?? '') === value })),
  fc.constant('tier').map((name): Told => ({ source: `"${name}" in request.tags`, of: (facts) => tagOf(facts, name) !== undefined })),
  fc.nat(300).map((value): Told => ({ source: `request.inputTokens < ${value}`, of: ({ inputTokens }) => inputTokens < value })),
  fc.constant<Told>({ source: 'request.hasTools', of: ({ hasTools }) => hasTools }),
);

const { told } = fc.letrec<{ told: Told }>((tie) => ({
  told: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('told').map(({ source, of }): Told => ({ source: `!(${source})`, of: (facts) => !of(facts) })),
    fc.tuple(tie('told'), tie('told')).map(([one, two]): Told => ({
      source: `(${one.source} && ${two.source})`,
      of: (facts) => one.of(facts) && two.of(facts),
    })),
    fc.tuple(tie('told'), tie('told')).map(([one, two]): Told => ({
      source: `(${one.source} || ${two.source})`,
      of: (facts) => one.of(facts) || two.of(facts),
    })),
    fc.tuple(tie('told'), tie('told'), tie('told')).map(([one, two, three]): Told => ({
      source: `(${one.source} ? ${two.source} : ${three.source})`,
      of: (facts) => (one.of(facts) ? two.of(facts) : three.of(facts)),
    })),
  ),
}));

const facts: fc.Arbitrary<Facts> = fc
  .record({
    ...{ task: fc.constantFrom(null, 'CODE' as const), user: fc.option(text), region: fc.option(text) },
    ...{ inputTokens: fc.nat(300), hasTools: fc.boolean(), hasImages: fc.boolean() },
    tags: fc.uniqueArray(fc.record({ key: fc.constantFrom('plan', 'tier'), value: text }), { selector: ({ key }) => key }),
  })
  .map((said) => ({ ...FACTS, ...said }));

describe('properties', () => {
  test('a condition that is published comes to what it says, for any call', () => {
    fc.assert(
      fc.property(told, fc.array(facts, { minLength: 1, maxLength: 5 }), ({ source, of }, several) => {
        const compiled = conditions.compile(source);
        if ('problem' in compiled) {
          expect(compiled.problem).toMatch(/at most|maxAstNodes|maxDepth|Exceeded/i);
          return;
        }
        for (const one of several) expect(compiled.condition(one)).toBe(of(one));
      }),
      { numRuns: 300 },
    );
  });

  test('a tag that an expression asks about is read behind the question; elsewhere that is a finding', () => {
    expect(verdict('"plan" in request.tags && request.tags.plan == ""')).toBe(false);
    expect(verdict('!has(request.tags.plan) || request.tags.plan == "x"')).toBe(true);
    expect(findings('request.tags.plan == "" && !has(request.tags.plan)')[0]).toMatch(/fails where nothing is set: No such key: plan/);
  });

  test('any text at all is a finding, or tells true, false or why not; nothing throws', () => {
    const words = [
      'request',
      '.',
      'user',
      'tags',
      'inputTokens',
      '==',
      '&&',
      '||',
      '!',
      '(',
      ')',
      '[',
      ']',
      '"a"',
      '1',
      '1.5',
      'in',
      '+',
      '/',
      '0',
    ];
    const more = [
      '?',
      ':',
      'size',
      'exists',
      ',',
      'x',
      'now',
      'null',
      '{',
      '}',
      '-',
      '%',
      '<',
      'has',
      'int',
      'true',
      "'",
      '\\',
      '\u0000',
      'ü',
    ];
    const scrambled = fc.array(fc.constantFrom(...words, ...more), { maxLength: 25 }).map((parts) => parts.join(' '));
    fc.assert(
      fc.property(fc.oneof(scrambled, fc.string({ unit: 'binary', maxLength: 60 })), facts, (source, one) => {
        const compiled = conditions.compile(source);
        if ('problem' in compiled) {
          expect(compiled.problem).not.toBe('');
          return;
        }
        const said = compiled.condition(one);
        if (typeof said === 'object') expect(said.failed).not.toBe('');
        else expect(typeof said).toBe('boolean');
      }),
      { numRuns: 500 },
    );
  });

  test('the widest expression that is offered over the most tags is one pass', () => {
    const tags = Array.from({ length: 20 }, (_, index) => ({ key: `tag-${index}`, value: 'x'.repeat(100) }));
    const body = Array.from({ length: 30 }, (_, index) => `n == "${index}"`).join(' || ');
    expect(verdict(`request.tags.exists(n, ${body})`, { tags })).toBe(false);
  });
});
