import { isOperation } from '../core/operations.js';
import type { InferenceCall, OperationCall } from '../core/operations.js';
import type { Price } from '../core/pricing.js';
import { NO_TOKENS } from '../core/usage.js';
import { forecastCost } from './estimate.js';
import type { CostForecast, ForecastTarget } from './estimate.js';
import { costOf } from './price.js';
import { estimatePrompt, tokensOfText } from './token-estimate.js';

/** Estimated tokens of all that a call of any operation sends. */
export function estimateInput(call: InferenceCall): number {
  return isOperation(call) ? textsOf(call).reduce((tokens, text) => tokens + tokensOfText(text), 0) : estimatePrompt(call);
}

/** Predicts the cost of a call of any operation on a target. */
export function forecastCall(call: InferenceCall, target: ForecastTarget): CostForecast {
  return isOperation(call) ? forecastOperation(call, target) : forecastCost(call, target);
}

/** Nothing is answered in tokens: what is expected is what is sent, and at most a token a byte. */
function forecastOperation(call: OperationCall, { price, contextWindow }: ForecastTarget): CostForecast {
  const inputTokens = estimateInput(call);
  const window = Math.max(inputTokens, (contextWindow ?? Infinity) * textsOf(call).length);
  const bytes = textsOf(call).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const priced = (input: number) => costOf({ ...NO_TOKENS, input, source: 'ESTIMATED', raw: null, inconsistent: false }, price).total;
  const expected = priced(inputTokens);
  const basis = `Input: an estimate, not the provider's count: bytes of the texts by four, at most one token a byte. ${priceInWords(price)}.`;
  return { low: expected, expected, high: priced(Math.min(bytes, window)), inputTokens, expectedOutputTokens: 0, basis };
}

function priceInWords(price: Price | null): string {
  return price === null ? 'No price is in force' : `Price: ${price.source}, from ${price.effectiveFrom.toISOString()}`;
}

/** The words that a call sends. */
function textsOf(call: OperationCall): readonly string[] {
  return call.texts;
}
