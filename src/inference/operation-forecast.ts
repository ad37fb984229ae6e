import { fail, ok } from '../core/errors.js';
import type { Completions } from './contract.js';
import { forecastOf } from './forecast.js';
import type { ForecasterDependencies } from './forecast.js';
import { parseOperationInput } from './input/operations.js';

/** Predicts what a call of an operation would cost, by the very forecast that its `maxCost` is held against; each refusal is the call's own. */
export function createOperationForecaster(
  dependencies: Pick<ForecasterDependencies, 'catalogue' | 'router' | 'clock'>,
): Completions['estimateOperation'] {
  const { catalogue, router, clock } = dependencies;
  return (principal, { operation, input }) => {
    const parsed = parseOperationInput(operation, input);
    if (!parsed.ok) return parsed;
    const plan = router.preview(parsed.value, { principal, snapshot: catalogue.snapshot(principal.organizationId) });
    if (!plan.ok) return plan;
    if (plan.value.error) return fail(plan.value.error);
    return ok({ cost: forecastOf(parsed.value, plan.value, clock.now()), routing: plan.value.record });
  };
}
