import type { JsonValue } from './json.js';
import type { UsageSource } from './vocabulary.js';

/**
 * Tokens of one call in disjoint classes: the first six are the whole prompt, the last four the whole answer.
 * Vendors report overlapping totals; each wire format makes them disjoint with `disjointUsage`.
 */
export interface TokenClasses {
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly audioInput: number;
  readonly imageInput: number;
  readonly output: number;
  readonly reasoning: number;
  readonly audioOutput: number;
  readonly imageOutput: number;
}

/** What is billed by the piece: searches, images, seconds, characters. */
export type UsageUnits = Readonly<Partial<Record<'REQUEST' | 'IMAGE' | 'SECOND' | 'CHARACTER', number>>>;

export interface TokenUsage extends TokenClasses {
  readonly source: UsageSource;
  /** The vendor's usage object as received. */
  readonly raw: JsonValue | null;
  /** The vendor's parts were larger than its totals (or negative), and were clamped. */
  readonly inconsistent: boolean;
  /** Of operations that are billed so; whole numbers. */
  readonly units?: UsageUnits;
}

export const INPUT_CLASSES = ['input', 'cachedInput', 'cacheWrite5m', 'cacheWrite1h', 'audioInput', 'imageInput'] as const;
export const OUTPUT_CLASSES = ['output', 'reasoning', 'audioOutput', 'imageOutput'] as const;
export const TOKEN_CLASSES = [...INPUT_CLASSES, ...OUTPUT_CLASSES] as const;
export type TokenClass = (typeof TOKEN_CLASSES)[number];

export const NO_TOKENS: TokenClasses = {
  input: 0,
  cachedInput: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  audioInput: 0,
  imageInput: 0,
  output: 0,
  reasoning: 0,
  audioOutput: 0,
  imageOutput: 0,
};

export const NO_USAGE: TokenUsage = { ...NO_TOKENS, source: 'NONE', raw: null, inconsistent: false };

export function totalInput(usage: TokenClasses): number {
  return INPUT_CLASSES.reduce((sum, name) => sum + usage[name], 0);
}

export function totalOutput(usage: TokenClasses): number {
  return OUTPUT_CLASSES.reduce((sum, name) => sum + usage[name], 0);
}

/**
 * Disjoint classes from a vendor whose totals include their parts (OpenAI: the prompt contains cached and audio, the
 * completion contains reasoning and audio). A part larger than what is left of its total is clamped, and flagged.
 */
export function disjointUsage(reported: {
  readonly promptTotal: number;
  readonly promptParts: Partial<Omit<TokenClasses, 'input' | (typeof OUTPUT_CLASSES)[number]>>;
  readonly answerTotal: number;
  readonly answerParts: Partial<Pick<TokenClasses, 'reasoning' | 'audioOutput' | 'imageOutput'>>;
  readonly raw: JsonValue | null;
}): TokenUsage {
  const prompt = split(reported.promptTotal, reported.promptParts);
  const answer = split(reported.answerTotal, reported.answerParts);
  return {
    input: prompt.rest,
    cachedInput: prompt.parts['cachedInput'] ?? 0,
    cacheWrite5m: prompt.parts['cacheWrite5m'] ?? 0,
    cacheWrite1h: prompt.parts['cacheWrite1h'] ?? 0,
    audioInput: prompt.parts['audioInput'] ?? 0,
    imageInput: prompt.parts['imageInput'] ?? 0,
    output: answer.rest,
    reasoning: answer.parts['reasoning'] ?? 0,
    audioOutput: answer.parts['audioOutput'] ?? 0,
    imageOutput: answer.parts['imageOutput'] ?? 0,
    source: 'REPORTED',
    raw: reported.raw,
    inconsistent: prompt.clamped || answer.clamped,
  };
}

function split(total: number, parts: Record<string, number | undefined>) {
  const whole = Math.max(0, total);
  let rest = whole;
  let clamped = total < 0;
  const kept: Record<string, number> = {};
  for (const [name, value = 0] of Object.entries(parts)) {
    const fitting = Math.min(Math.max(0, value), rest);
    clamped ||= fitting !== value;
    kept[name] = fitting;
    rest -= fitting;
  }
  return { parts: kept, rest, clamped };
}
