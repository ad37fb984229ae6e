import { billOfCall, estimateInput, unitsOf } from '../accounting/call-estimate.js';
import { settleUsage, sumUsage } from '../accounting/outcomes.js';
import type { SettledOutcome } from '../accounting/outcomes.js';
import { COST_OF_NOTHING, priceInForce, sumCosts } from '../accounting/price.js';
import { assertNever } from '../core/assert-never.js';
import type { Deployment } from '../core/catalogue.js';
import type { AttemptRecord, ServedBy } from '../core/inference.js';
import type { InferenceCall } from '../core/operations.js';
import type { Cost, Price } from '../core/pricing.js';
import { NO_USAGE } from '../core/usage.js';
import type { TokenUsage } from '../core/usage.js';
import type { Attempt } from '../routing/contract.js';
import type { EndReason } from './start.js';

export interface Bill {
  readonly usage: TokenUsage;
  readonly cost: Cost;
}

/** One upstream call with its usage by the table of who pays, and its cost by the price that was in force when it began. */
export function settleAttempt(attempt: Attempt, call: InferenceCall, endedBy: EndReason | null): AttemptRecord {
  const { id, index, deployment, status, failure, accepted, answer, startedAt, firstTokenMs, durationMs } = attempt;
  const usage = settleUsage({
    outcome: settledOutcome(attempt, endedBy),
    reported: answer.usage,
    delivered: answer.message,
    hasResult: answer.result !== undefined,
    accepted,
    promptEstimate: answer.usage === null ? estimateInput(attempt.asked ?? call) : 0,
    promptUnits: unitsOf(call),
  });
  const price = priceOf(deployment, startedAt, answer.serviceTier);
  const settled = billOfCall(call, usage, price);
  const record = { id, index, served: servedBy(deployment), status, failure, startedAt, firstTokenMs, durationMs, ...settled };
  return attempt.reason === undefined ? record : { ...record, reason: attempt.reason };
}

/**
 * What a completion used and cost: the sum over its attempts. Usage is summed like cost, not taken from the one that
 * answered, so that the components of the cost can be read off the usage beside it.
 */
export function billOf(attempts: readonly AttemptRecord[]): Bill {
  const [only] = attempts;
  if (!only) return { usage: NO_USAGE, cost: COST_OF_NOTHING };
  if (attempts.length === 1) return { usage: only.usage ?? NO_USAGE, cost: only.cost ?? COST_OF_NOTHING };
  const usages = attempts.flatMap(({ usage }) => usage ?? []);
  const costs = attempts.flatMap(({ cost }) => cost ?? []);
  return { usage: sumUsage(usages), cost: sumCosts(costs) };
}

export function servedBy(deployment: Deployment): ServedBy {
  return { modelId: deployment.model.id, deploymentId: deployment.id, providerId: deployment.provider.id };
}

/** The price in force: the deployment's own, else its model's. */
export function priceOf(deployment: Deployment, at: Date, serviceTier: string | null): Price | null {
  const prices = deployment.prices.length > 0 ? deployment.prices : deployment.model.prices;
  return priceInForce(prices, { at, serviceTier, batch: false });
}

function settledOutcome(attempt: Attempt, endedBy: EndReason | null): SettledOutcome {
  if (attempt.status === 'SUCCEEDED') return 'success';
  if (attempt.status === 'FAILED') return 'provider-failed';
  if (attempt.outrun === true) return 'cancelled';
  switch (endedBy) {
    case 'cancelled':
      return 'cancelled';
    case 'oversized':
      return 'provider-failed';
    case 'deadline':
    case 'interrupted':
    case null:
      return 'gateway-failed';
    default:
      return assertNever(endedBy);
  }
}
