import { forecastCall } from '../accounting/call-estimate.js';
import type { CostForecast } from '../accounting/estimate.js';
import type { Catalogue } from '../catalog/contract.js';
import type { Clock } from '../core/clock.js';
import type { CompletionCall } from '../core/completion.js';
import { fail, invalidRequest, ok, userError } from '../core/errors.js';
import type { Result, UserError } from '../core/errors.js';
import { formatUsd } from '../core/money.js';
import type { InferenceCall } from '../core/operations.js';
import type { RoutePlan, Router } from '../routing/contract.js';
import type { Completions, RawCompletionInput } from './contract.js';
import { parseCompletionInput } from './input/parse.js';
import { priceOf } from './settlement.js';
import { schemaCall } from './structured/schemas.js';
import type { AnswerSchemas } from './structured/schemas.js';

export interface ForecasterDependencies {
  readonly catalogue: Catalogue;
  readonly router: Router;
  readonly schemas: AnswerSchemas;
  readonly clock: Clock;
}

/** Predictions for those who ask; each refusal is the one that the call itself would meet. */
export function createForecaster(dependencies: ForecasterDependencies): Pick<Completions, 'estimate' | 'simulate'> {
  const { catalogue, router, schemas, clock } = dependencies;
  const parse = (input: RawCompletionInput): Result<CompletionCall> => {
    const parsed = parseCompletionInput(input);
    const problem = parsed.ok ? schemas.problem(parsed.value) : null;
    return problem ? fail(invalidRequest([problem])) : parsed;
  };
  return {
    simulate(principal, input, { definition, seed }) {
      const parsed = parse(input);
      if (!parsed.ok) return parsed;
      const snapshot = catalogue.snapshot(principal.organizationId);
      const checked = definition == null ? null : router.check({ slug: '', definition, snapshot });
      if (checked && 'problems' in checked) return fail(invalidRequest(checked.problems));
      const preview = router.preview(parsed.value, { principal, snapshot, definition: checked?.definition, seed: seed ?? undefined });
      if (!preview.ok) return preview;
      const { error, record } = preview.value;
      // That all are cooling is an answer, which the candidates explain.
      return error && error.code !== 'ALL_TARGETS_COOLING' ? fail(error) : ok(record);
    },
    estimate(principal, input) {
      const parsed = parse(input);
      if (!parsed.ok) return parsed;
      const plan = router.preview(parsed.value, { principal, snapshot: catalogue.snapshot(principal.organizationId) });
      if (!plan.ok) return plan;
      if (plan.value.error) return fail(plan.value.error);
      return ok({ cost: forecastOf(parsed.value, plan.value, clock.now()), routing: plan.value.record });
    },
  };
}

/** Why a call must not be made under its `maxCost`; null where it may. */
export function whyTooDear(call: InferenceCall, plan: Pick<RoutePlan, 'targets'>, at: Date): UserError | null {
  const { maxCost, model } = call;
  if (maxCost === null) return null;
  const { expected } = forecastOf(call, plan, at);
  if (expected === null) return userError('UNPRICED_MODEL', { model, message: 'The model has no price, so it can’t be held to maxCost.' });
  if (expected <= maxCost) return null;
  const message = `is less than the ${formatUsd(expected)} USD that the call is predicted to cost`;
  return userError('COST_LIMIT_EXCEEDED', { message: `maxCost: ${message}`, problems: [{ path: 'maxCost', message }] });
}

/** By the target that would be asked first. */
export function forecastOf(call: InferenceCall, { targets }: Pick<RoutePlan, 'targets'>, at: Date): CostForecast {
  const [first] = targets;
  if (!first) throw new RangeError('a plan names at least one target');
  const { contextWindow, maxOutputTokens } = first.model;
  const mayRepair = first.structuredOutputRepair === true && schemaCall(call) !== null;
  return forecastCall(call, { contextWindow, maxOutputTokens, price: priceOf(first, at, null), mayRepair });
}
