import { Environment } from '@marcbachmann/cel-js';
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Facts } from './facts.js';

/** Bounds on one expression: evaluation is linear in its size, times the tags or entries that its macros go through. */
export const CONDITION_LIMITS = { length: 1_000, nodes: 200, depth: 24 } as const;

/** Macros run their body once for each entry; one within another would multiply. */
const LOOPS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter']);

/**
 * All that may be called. What is missing has no bound: JavaScript's regular expressions (matches), and what makes texts or lists
 * longer each time it is applied (map, bind, join, split).
 */
const OFFERED: ReadonlySet<string> = new Set([
  ...['has', 'size', 'startsWith', 'endsWith', 'contains', 'indexOf', 'lastIndexOf', 'substring', 'lowerAscii', 'upperAscii', 'trim'],
  ...['int', 'uint', 'double', 'string', 'bool', 'timestamp', 'duration', 'getFullYear', 'getMonth', 'getDate', 'getDayOfMonth'],
  ...['getDayOfWeek', 'getDayOfYear', 'getHours', 'getMinutes', 'getSeconds', 'getMilliseconds', ...LOOPS],
]);

/** A compiled condition: true or false, or why it could not be told. */
export type Condition = (facts: Facts) => boolean | ConditionFailure;

export interface ConditionFailure {
  readonly failed: string;
}

export type CompiledCondition = { readonly condition: Condition } | { readonly problem: string };

/** Compiles CEL against the variables that conditions may name. */
export interface ConditionCompiler {
  compile(source: string): CompiledCondition;
}

const REQUEST = {
  ...{ task: 'string', inputTokens: 'int', complexity: 'double', user: 'string', sessionId: 'string' },
  ...{ tags: 'map<string, string>', hasTools: 'bool', hasImages: 'bool', region: 'string' },
};

export function createConditionCompiler(): ConditionCompiler {
  const environment = new Environment({
    unlistedVariablesAreDyn: false,
    limits: { maxAstNodes: CONDITION_LIMITS.nodes, maxDepth: CONDITION_LIMITS.depth },
  })
    .registerVariable({ name: 'request', schema: REQUEST })
    .registerVariable('key', 'string')
    .registerVariable('team', 'string')
    .registerVariable({ name: 'budget', schema: { usedFraction: 'double' } })
    .registerVariable('now', 'google.protobuf.Timestamp');
  return { compile: (source) => compile(environment, source) };
}

function compile(environment: Environment, source: string): CompiledCondition {
  if (source.length > CONDITION_LIMITS.length) return { problem: `must have at most ${CONDITION_LIMITS.length} characters` };
  try {
    const program = environment.parse(source);
    const unbounded = whyUnbounded(program.ast);
    if (unbounded !== null) return { problem: unbounded };
    const { valid, type, error } = program.check();
    if (!valid) return { problem: `does not type-check: ${firstLine(error)}` };
    if (type !== 'bool') return { problem: `must be true or false, and is of type ${type ?? 'unknown'}` };
    const names = namesOfTags(program.ast);
    return { condition: (facts) => evaluate(() => program(contextOf(facts, names)) as unknown) };
  } catch (error) {
    return { problem: `does not parse: ${firstLine(error)}` };
  }
}

function evaluate(run: () => unknown): boolean | ConditionFailure {
  try {
    const value = run();
    return typeof value === 'boolean' ? value : { failed: 'it gave neither true nor false' };
  } catch (error) {
    return { failed: firstLine(error) };
  }
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : 'unknown';
  return message.split('\n', 1)[0] ?? message;
}

/** What is unset is the empty text, or zero: a condition about it is false, and raises nothing. */
function contextOf(facts: Facts, tagNames: ReadonlySet<string>): Record<string, unknown> {
  const { task, user, sessionId, hasTools, hasImages, region } = facts;
  return {
    request: {
      task: task ?? '',
      user: user ?? '',
      sessionId: sessionId ?? '',
      region: region ?? '',
      hasTools,
      hasImages,
      inputTokens: BigInt(facts.inputTokens),
      complexity: 0,
      tags: tagsOf(facts, tagNames),
    },
    key: facts.apiKeyId,
    team: facts.teamId ?? '',
    budget: { usedFraction: 0 },
    now: facts.at,
  };
}

/** A map that answers the empty text for the names that are read without asking for them first; `in` and `has` stay true to it. */
function tagsOf({ tags }: Facts, names: ReadonlySet<string>): ReadonlyMap<string, string> {
  const map = new Map(tags.map(({ key, value }) => [key, value]));
  const missing = [...names].filter((name) => !map.has(name));
  if (missing.length === 0) return map;
  const get = (name: string) =>
    (map.has(name) ? Map.prototype.get.call(map, name) : names.has(name) ? '' : undefined) as string | undefined;
  return Object.assign(map, { get });
}

/** Names of tags that an expression reads, without those it asks about with `has` or `in`, which go by what reading gives. */
function namesOfTags(ast: ASTNode): ReadonlySet<string> {
  const read = new Set<string>();
  const asked = new Set<string>();
  walk(ast, (node) => {
    const name = nameOfTag(node);
    if (name !== null) read.add(name);
    if (node.op === 'call' && node.args[0] === 'has') for (const inner of node.args[1]) asked.add(nameOfTag(inner) ?? '');
    if (node.op === 'in') asked.add(literal(node.args[0]) ?? '');
  });
  return new Set([...read].filter((name) => !asked.has(name)));
}

function nameOfTag(node: ASTNode): string | null {
  if (node.op === '.' && isTags(node.args[0])) return node.args[1];
  return node.op === '[]' && isTags(node.args[0]) ? literal(node.args[1]) : null;
}

function isTags(node: ASTNode): boolean {
  return node.op === '.' && node.args[1] === 'tags' && node.args[0].op === 'id' && node.args[0].args === 'request';
}

function literal(node: ASTNode): string | null {
  return node.op === 'value' && typeof node.args === 'string' ? node.args : null;
}

/** Why an expression might cost more than its size tells; null where it can't. */
function whyUnbounded(ast: ASTNode): string | null {
  let why: string | null = null;
  walk(ast, (node) => {
    if (node.op !== 'call' && node.op !== 'rcall') return;
    const [name] = node.args;
    if (!OFFERED.has(name)) why ??= `${name}() is not offered: use startsWith, endsWith, contains, in, size or exists`;
    if (node.op === 'rcall' && LOOPS.has(name) && node.args[2].some(hasLoop)) why ??= `${name}() must not have another such call within it`;
  });
  return why;
}

function hasLoop(ast: ASTNode): boolean {
  let found = false;
  walk(ast, (node) => {
    found ||= node.op === 'rcall' && LOOPS.has(node.args[0]);
  });
  return found;
}

function walk(node: ASTNode, visit: (node: ASTNode) => void): void {
  visit(node);
  for (const child of childrenOf(node.args)) walk(child, visit);
}

function childrenOf(args: unknown): readonly ASTNode[] {
  if (Array.isArray(args)) return args.flatMap((arg: unknown) => (isNode(arg) ? [arg] : childrenOf(arg)));
  return isNode(args) ? [args] : [];
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && 'op' in value && 'args' in value;
}
