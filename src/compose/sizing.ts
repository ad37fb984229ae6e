import { estimateInput, forecastCall } from '../accounting/call-estimate.js';
import { expectedCost } from '../accounting/estimate.js';
import { sizeOfPrompt, tokensOfSize } from '../accounting/token-estimate.js';
import type { PromptSize } from '../accounting/token-estimate.js';
import type { CompletionCall } from '../core/completion.js';
import { isOperation } from '../core/operations.js';
import { priceOf } from '../inference/settlement.js';
import type { Sizing } from '../routing/journey.js';

/** What routing asks the books: how long a prompt is, and what a call of its size would cost somewhere. */
export function createSizing(): Sizing {
  // One decision asks for many targets, and a prompt may be long.
  const sizes = new WeakMap<CompletionCall, PromptSize>();
  const sizeOf = (call: CompletionCall): PromptSize => {
    const known = sizes.get(call);
    if (known) return known;
    const size = sizeOfPrompt(call);
    sizes.set(call, size);
    return size;
  };
  return {
    inputTokens: (call) => (isOperation(call) ? estimateInput(call) : tokensOfSize(sizeOf(call))),
    cost(call, deployment, at) {
      const { contextWindow, maxOutputTokens } = deployment.model;
      const target = { contextWindow, maxOutputTokens, price: priceOf(deployment, at, null) };
      const expected = isOperation(call) ? forecastCall(call, target).expected : expectedCost(call, sizeOf(call), target);
      return expected === null ? null : Number(expected);
    },
  };
}
