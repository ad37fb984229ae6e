import type { Deployment } from '../core/catalogue.js';
import type { RoutePlan } from './contract.js';
import { legOf } from './roster.js';

/** A plan to ask one target of another plan again, on the terms it was asked on: once, and nobody else. */
export function onceMore(plan: RoutePlan, deployment: Deployment): RoutePlan {
  const { way, turns } = legOf(plan, deployment);
  const leg = { deployment, turns, way: { ...way, terms: { ...way.terms, maxAttempts: 1 } } };
  return { targets: [deployment], record: plan.record, first: leg, legs: [leg] };
}
