import type { Deployment } from '../core/catalogue.js';
import type { RoutePlan } from './contract.js';

/** A plan to ask one target of another plan again, on the terms it was asked on: once, and nobody else. */
export function onceMore({ record, legs }: RoutePlan, deployment: Deployment): RoutePlan {
  const plain = { deployment, terms: {}, groups: [], sticky: [], turns: [], experiment: null };
  const leg = legs?.get(deployment.id) ?? plain;
  return { targets: [deployment], record, legs: new Map([[deployment.id, { ...leg, terms: { ...leg.terms, maxAttempts: 1 } }]]) };
}
