import { forecastCost } from '../accounting/estimate.js';
import { estimatePrompt } from '../accounting/token-estimate.js';
import { priceOf } from '../inference/settlement.js';
import type { Sizing } from '../routing/journey.js';

/** What routing asks the books: how long a prompt is, and what a call of its size would cost somewhere. */
export const SIZING: Sizing = {
  inputTokens: estimatePrompt,
  cost(call, deployment, at) {
    const { contextWindow, maxOutputTokens } = deployment.model;
    const { expected } = forecastCost(call, { contextWindow, maxOutputTokens, price: priceOf(deployment, at, null) });
    return expected === null ? null : Number(expected);
  },
};
