import { createInputChecks } from '../core/input-checks.js';
import type { InputChecks } from '../core/input-checks.js';
import { isJsonObject } from '../core/json.js';
import type { JsonObject } from '../core/json.js';
import type { HedgeTerms, RouteNode } from '../core/routes.js';
import { ALL_OPEN_POLICIES, BALANCE_STRATEGIES, FAILURE_CLASSES, LATENCY_MEASURES, STICKY_KEYS } from '../core/vocabulary.js';
import type { ConditionCompiler } from './conditions.js';
import type { CheckedDefinition, DefinitionQuestion, Reading } from './definition-reading.js';
import { checkOperations } from './operation-checks.js';
import { checkReach } from './reach.js';
import { checkTarget } from './target-checks.js';
import { checkCondition } from './trial.js';

/** Bounds on one tree; lengths in characters. */
export const ROUTE_LIMITS = { depth: 12, nodes: 200, branches: 50, weight: 1_000_000, name: 63 } as const;

/** Reads a tree and checks it against the configuration; every problem has its path below `definition`. */
export function checkDefinition(question: DefinitionQuestion, conditions: ConditionCompiler): CheckedDefinition {
  const checks = createInputChecks();
  const reading: Reading = { ...question, checks, conditions, nodes: 0 };
  const definition = readNode(question.definition, { path: 'definition', depth: 1 }, reading);
  if (definition && checks.problems.length === 0) {
    checkReach(definition, reading);
    checkOperations(definition, reading);
  }
  return definition && checks.problems.length === 0 ? { definition } : { problems: checks.problems };
}

interface At {
  readonly path: string;
  readonly depth: number;
}

const KINDS = ['target', 'fallback', 'split', 'balance', 'when'] as const;

function readNode(value: unknown, { path, depth }: At, reading: Reading): RouteNode | null {
  const { checks } = reading;
  reading.nodes += 1;
  if (depth > ROUTE_LIMITS.depth) return refuse(checks, path, `must be at most ${ROUTE_LIMITS.depth} nodes deep`);
  if (reading.nodes > ROUTE_LIMITS.nodes) return refuse(checks, 'definition', `must have at most ${ROUTE_LIMITS.nodes} nodes`);
  const given = isJsonObject(value) ? KINDS.filter((name) => isJsonObject(value[name])) : [];
  const [kind] = given;
  const fields = isJsonObject(value) && kind ? value[kind] : null;
  if (given.length !== 1 || !kind || !isJsonObject(fields)) return refuse(checks, path, `must be exactly one of ${KINDS.join(', ')}`);
  const at = { path: `${path}.${kind}`, depth };
  switch (kind) {
    case 'target':
      return { target: checkTarget(fields, at.path, reading) };
    case 'fallback':
      return readFallback(fields, at, reading);
    case 'split':
      return readSplit(fields, at, reading);
    case 'balance':
      return readBalance(fields, at, reading);
    case 'when':
      return readWhen(fields, at, reading);
  }
}

function refuse(checks: InputChecks, path: string, message: string): null {
  checks.add(path, message);
  return null;
}

/** The entries of a list that must not be empty. */
function readList(fields: JsonObject, name: string, { path, reading }: { path: string; reading: Reading }): readonly JsonObject[] {
  const value = fields[name];
  const list = Array.isArray(value) ? value.filter(isJsonObject) : [];
  if (list.length === 0) reading.checks.add(`${path}.${name}`, 'must not be empty');
  if (list.length > ROUTE_LIMITS.branches) reading.checks.add(`${path}.${name}`, `must have at most ${ROUTE_LIMITS.branches} entries`);
  return list.slice(0, ROUTE_LIMITS.branches);
}

/** One of a closed list; undefined where it is not given. */
function readWord<Word extends string>(value: unknown, words: readonly Word[], { path, checks }: { path: string; checks: InputChecks }) {
  if (value === undefined || value === null) return undefined;
  const word = words.find((known) => known === value);
  if (word === undefined) checks.add(path, `must be one of ${words.join(', ')}`);
  return word;
}

function readFallback(fields: JsonObject, { path, depth }: At, reading: Reading): RouteNode {
  const { checks } = reading;
  const entries = readList(fields, 'nodes', { path, reading });
  const nodes = entries.flatMap((entry, index) => readNode(entry, { path: `${path}.nodes.${index}`, depth: depth + 1 }, reading) ?? []);
  const classes = Array.isArray(fields['on']) ? fields['on'] : undefined;
  const on = classes?.flatMap((value, index) => readWord(value, FAILURE_CLASSES, { path: `${path}.on.${index}`, checks }) ?? []);
  if (on?.length === 0) checks.add(`${path}.on`, 'must not be empty: no node after the first could be reached');
  const whenAllOpen = readWord(fields['whenAllOpen'], ALL_OPEN_POLICIES, { path: `${path}.whenAllOpen`, checks });
  const hedge = readHedge(fields['hedge'], `${path}.hedge`, reading);
  return { fallback: { nodes, ...(on ? { on: [...new Set(on)] } : {}), ...(whenAllOpen ? { whenAllOpen } : {}), ...hedge } };
}

function readWeight(value: unknown, path: string, { checks }: Reading): number {
  if (value === undefined || value === null) return 1;
  if (typeof value === 'number') checks.integer(path, value, { min: 0, max: ROUTE_LIMITS.weight });
  return typeof value === 'number' ? value : 0;
}

function checkSum(weights: readonly number[], path: string, { checks }: Reading): boolean {
  const sumsUp = weights.length === 0 || weights.some((weight) => weight > 0);
  if (!sumsUp) checks.add(path, 'weights must sum to more than nothing');
  return sumsUp;
}

function readSplit(fields: JsonObject, { path, depth }: At, reading: Reading): RouteNode {
  const { checks } = reading;
  const names = new Set<string>();
  const branches = readList(fields, 'branches', { path, reading }).flatMap((entry, index) => {
    const below = `${path}.branches.${index}`;
    const name = typeof entry['name'] === 'string' ? entry['name'] : '';
    checks.text(`${below}.name`, name, ROUTE_LIMITS.name);
    if (names.has(name)) checks.add(`${below}.name`, 'is the name of another branch');
    names.add(name);
    const weight = readWeight(entry['weight'], `${below}.weight`, reading);
    const node = readNode(entry['node'], { path: `${below}.node`, depth: depth + 1 }, reading);
    return node ? [{ name, weight, node }] : [];
  });
  const weights = branches.map(({ weight }) => weight);
  if (checkSum(weights, `${path}.branches`, reading))
    for (const [index, weight] of weights.entries())
      if (weight === 0) checks.add(`${path}.branches.${index}.weight`, 'must be more than 0: the branch could not be reached');
  const sticky = readWord(fields['sticky'], STICKY_KEYS, { path: `${path}.sticky`, checks });
  const experiment = typeof fields['experiment'] === 'string' ? fields['experiment'] : undefined;
  if (experiment !== undefined) checks.text(`${path}.experiment`, experiment, ROUTE_LIMITS.name);
  return { split: { branches, ...(sticky ? { sticky } : {}), ...(experiment === undefined ? {} : { experiment }) } };
}

function readBalance(fields: JsonObject, { path, depth }: At, reading: Reading): RouteNode {
  const { checks } = reading;
  const strategy = readWord(fields['strategy'], BALANCE_STRATEGIES, { path: `${path}.strategy`, checks });
  if (fields['strategy'] === undefined) checks.add(`${path}.strategy`, 'is required');
  const latencyMeasure = readWord(fields['latencyMeasure'], LATENCY_MEASURES, { path: `${path}.latencyMeasure`, checks });
  if (latencyMeasure && strategy !== 'LOWEST_LATENCY') checks.add(`${path}.latencyMeasure`, 'is for LOWEST_LATENCY only');
  const branches = readList(fields, 'branches', { path, reading }).flatMap((entry, index) => {
    const below = `${path}.branches.${index}`;
    const weight = readWeight(entry['weight'], `${below}.weight`, reading);
    const node = readNode(entry['node'], { path: `${below}.node`, depth: depth + 1 }, reading);
    return node ? [{ node, weight }] : [];
  });
  checkSum(
    branches.map(({ weight }) => weight),
    `${path}.branches`,
    reading,
  );
  const sticky = readWord(fields['sticky'], STICKY_KEYS, { path: `${path}.sticky`, checks });
  const hedge = readHedge(fields['hedge'], `${path}.hedge`, reading);
  const terms = { ...(latencyMeasure ? { latencyMeasure } : {}), ...(sticky ? { sticky } : {}), ...hedge };
  return { balance: { strategy: strategy ?? 'ROUND_ROBIN', branches, ...terms } };
}

/** Bounds of a hedge: below the median every second call would be made twice, and past half of the load it is no exception any more. */
export const HEDGE_LIMITS = { percentile: { min: 50, max: 99 }, extraLoad: { min: 0.001, max: 0.5 } } as const;
const HEDGE_DEFAULTS: HedgeTerms = { afterPercentile: 95, maxExtraLoad: 0.05 };

function readHedge(value: unknown, path: string, { checks }: Reading): { readonly hedge?: HedgeTerms } {
  if (!isJsonObject(value)) return {};
  const { afterPercentile = HEDGE_DEFAULTS.afterPercentile, maxExtraLoad = HEDGE_DEFAULTS.maxExtraLoad } = value;
  if (typeof afterPercentile !== 'number' || typeof maxExtraLoad !== 'number') {
    checks.add(path, 'must have numbers');
    return {};
  }
  checks.integer(`${path}.afterPercentile`, afterPercentile, HEDGE_LIMITS.percentile);
  const { min, max } = HEDGE_LIMITS.extraLoad;
  if (!(maxExtraLoad >= min && maxExtraLoad <= max)) checks.add(`${path}.maxExtraLoad`, `must be from ${min} to ${max}`);
  return { hedge: { afterPercentile, maxExtraLoad } };
}

function readWhen(fields: JsonObject, { path, depth }: At, reading: Reading): RouteNode | null {
  const { checks } = reading;
  const seen = new Set<string>();
  const branches = readList(fields, 'branches', { path, reading }).flatMap((entry, index) => {
    const below = `${path}.branches.${index}`;
    const source = typeof entry['if'] === 'string' ? entry['if'].trim() : '';
    if (seen.has('true')) checks.add(below, 'can’t be reached: a condition before it is always true');
    else if (seen.has(source)) checks.add(`${below}.if`, 'can’t be reached: an earlier branch has the same condition');
    seen.add(source);
    checkCondition(source, `${below}.if`, reading);
    const then = readNode(entry['then'], { path: `${below}.then`, depth: depth + 1 }, reading);
    return then ? [{ if: source, then }] : [];
  });
  if (seen.has('true')) checks.add(`${path}.otherwise`, 'can’t be reached: a condition before it is always true');
  const otherwise = readNode(fields['otherwise'], { path: `${path}.otherwise`, depth: depth + 1 }, reading);
  return otherwise && { when: { branches, otherwise } };
}
