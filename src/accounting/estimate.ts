import type { CompletionCall } from '../core/completion.js';
import { addUsd } from '../core/money.js';
import type { PicoUsd } from '../core/money.js';
import type { Price } from '../core/pricing.js';
import { NO_TOKENS } from '../core/usage.js';
import type { TokenClasses } from '../core/usage.js';
import type { ReasoningEffort } from '../core/vocabulary.js';
import { costOf } from './price.js';
import { MEDIA_TOKENS, sizeOfPrompt, tokensOfSize } from './token-estimate.js';
import type { PromptSize } from './token-estimate.js';

/** What is predicted of one upstream call before it is made, in USD and tokens. Amounts are null where there is no price. */
export interface CostForecast {
  /** The prompt as estimated, answered with a single token. */
  readonly low: PicoUsd | null;
  readonly expected: PicoUsd | null;
  /** The prompt at its bounds, answered up to the output cap. */
  readonly high: PicoUsd | null;
  readonly inputTokens: number;
  /** Thoughts included. */
  readonly expectedOutputTokens: number;
  /** How the numbers came about, in words. */
  readonly basis: string;
}

/** What of a target decides about the cost; null: unknown. */
export interface ForecastTarget {
  readonly contextWindow: number | null;
  readonly maxOutputTokens: number | null;
  /** In force now, for no special service tier. */
  readonly price: Price | null;
  /** Where an answer that doesn't fit may be asked for once more: the bound holds both. */
  readonly mayRepair?: boolean;
}

/** The longest answer, in tokens, that is reckoned with where the caller sets no cap. */
export const DEFAULT_OUTPUT_CAP = 4_096;

/**
 * A usual answer in tokens, until a model's own answers tell better: chats on LMSYS-Chat-1M come to 215 on average
 * (https://arxiv.org/abs/2309.11998, table 1), rounded up to a power of two.
 */
export const USUAL_ANSWER = 256;

/**
 * The share of the output cap that thinking takes, by effort (https://openrouter.ai/docs/use-cases/reasoning-tokens reserves
 * as much for models that take a number instead of a word).
 */
const THINKING_SHARE: Readonly<Record<ReasoningEffort, number>> = { NONE: 0, MINIMAL: 0.1, LOW: 0.2, MEDIUM: 0.5, HIGH: 0.8 };

/** What a repair says of an answer's faults, at a token a byte: five of at most 160 characters, and the words around them. */
const REPAIR_TOKENS = 4_096;

/** Nobody here decodes media: a piece may well be ten times what one of a usual size comes to, and hardly more. */
const LARGEST_MEDIA = 10;

/**
 * Predicts a call's cost on a target. What is counted is the whole prompt (system, tools, schema, media by a constant); the
 * price is that of the whole request at its size, so a size tier applies as it would on the bill. Neither cached input nor
 * retries are foreseen.
 */
export function forecastCost(call: CompletionCall, target: ForecastTarget): CostForecast {
  const size = sizeOfPrompt(call);
  const inputTokens = tokensOfSize(size);
  const cap = outputCap(call, target);
  const priced = (tokens: TokenClasses) => priceOf(tokens, target);
  const low = priced({ ...promptAsEstimated(size), output: 1 });
  const { output, reasoning } = usualTokens(call, size, target);
  const expected = expectedCost(call, size, target);
  const bound = promptAtMost(size, Math.max(inputTokens, target.contextWindow ?? Infinity));
  const atMost = (prompt: TokenClasses) => dearest([priced({ ...prompt, output: cap }), priced({ ...prompt, reasoning: cap })]);
  const once = dearest([low, expected, atMost(bound)]);
  const high = target.mayRepair === true ? together(once, atMost({ ...bound, input: bound.input + cap + REPAIR_TOKENS })) : once;
  const basis = basisOf(call, { size, cap, ...target });
  return { low: cheapest([low, expected]), expected, high, inputTokens, expectedOutputTokens: output + reasoning, basis };
}

/** Only what is expected, of a prompt whose size is known: for comparing many targets of one call. */
export function expectedCost(call: CompletionCall, size: PromptSize, target: ForecastTarget): PicoUsd | null {
  return priceOf(usualTokens(call, size, target), target);
}

function usualTokens(call: CompletionCall, size: PromptSize, target: ForecastTarget): TokenClasses {
  const cap = outputCap(call, target);
  const reasoning = expectedThinking(call, cap);
  return { ...promptAsEstimated(size), output: Math.min(USUAL_ANSWER, cap - reasoning), reasoning };
}

function priceOf(tokens: TokenClasses, { price }: ForecastTarget): PicoUsd | null {
  return costOf({ source: 'ESTIMATED', raw: null, inconsistent: false, ...tokens }, price).total;
}

/** What the caller asked for, or the default where nothing was; never more than the model can. */
function outputCap({ maxOutputTokens }: CompletionCall, target: ForecastTarget): number {
  return Math.min(maxOutputTokens ?? DEFAULT_OUTPUT_CAP, target.maxOutputTokens ?? Infinity);
}

/** A limit of thoughts is taken half used where no effort tells more. At least one token is left for the answer. */
function expectedThinking({ reasoning }: CompletionCall, cap: number): number {
  if (reasoning === null) return 0;
  const { effort, maxTokens } = reasoning;
  const wanted = effort === null ? (maxTokens ?? 0) / 2 : cap * THINKING_SHARE[effort];
  return Math.max(0, Math.min(Math.floor(wanted), maxTokens ?? Infinity, cap - 1));
}

function promptAsEstimated(size: PromptSize): TokenClasses {
  const imageInput = size.media.image * MEDIA_TOKENS.image;
  const audioInput = size.media.audio * MEDIA_TOKENS.audio;
  return { ...NO_TOKENS, input: tokensOfSize(size) - imageInput - audioInput, imageInput, audioInput };
}

/** No token is shorter than a byte; whatever the words, a prompt beyond the window is refused upstream and costs nothing. */
function promptAtMost({ bytes, framingTokens, media }: PromptSize, window: number): TokenClasses {
  let left = window;
  const take = (tokens: number) => {
    const taken = Math.min(tokens, left);
    left -= taken;
    return taken;
  };
  const input = take(bytes + framingTokens + media.document * MEDIA_TOKENS.document * LARGEST_MEDIA);
  const imageInput = take(media.image * MEDIA_TOKENS.image * LARGEST_MEDIA);
  const audioInput = take(media.audio * MEDIA_TOKENS.audio * LARGEST_MEDIA);
  return { ...NO_TOKENS, input, imageInput, audioInput };
}

interface Basis {
  readonly size: PromptSize;
  readonly cap: number;
  readonly price: Price | null;
  readonly mayRepair?: boolean;
}

function basisOf(call: CompletionCall, { size: { media }, cap, price, mayRepair }: Basis): string {
  const mediaWords = (['image', 'audio', 'document'] as const).flatMap((kind) => (media[kind] > 0 ? `${media[kind]} × ${kind}` : []));
  const counted = ['system and other messages', ...(call.tools.length > 0 ? ['tools'] : []), ...(call.responseFormat ? ['format'] : [])];
  const input = `Input: an estimate, not the provider's count: bytes of ${counted.join(', ')} by four, at most one token a byte`;
  const withMedia = mediaWords.length > 0 ? `; ${mediaWords.join(', ')} by a constant` : '';
  const asked = call.maxOutputTokens === null ? 'no maxOutputTokens is given' : 'by maxOutputTokens';
  const output = `Output: ${USUAL_ANSWER} tokens${call.reasoning ? ' and a share of the cap for reasoning' : ''}, at most ${cap} (${asked}; never more than the model can)`;
  const priced = price === null ? 'No price is in force' : `Price: ${price.source}, from ${price.effectiveFrom.toISOString()}`;
  const repair = mayRepair === true ? ' The high amount holds one repair of an answer that does not fit its schema.' : '';
  return `${input}${withMedia}. ${output}. ${priced}.${repair}`;
}

function together(one: PicoUsd | null, other: PicoUsd | null): PicoUsd | null {
  return one === null || other === null ? null : addUsd(one, other);
}

function dearest(amounts: readonly (PicoUsd | null)[]): PicoUsd | null {
  return amounts.reduce((best, amount) => (best === null || amount === null ? null : amount > best ? amount : best));
}

function cheapest(amounts: readonly (PicoUsd | null)[]): PicoUsd | null {
  return amounts.reduce((best, amount) => (best === null || amount === null ? null : amount < best ? amount : best));
}
