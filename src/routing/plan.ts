import type { Deployment } from '../core/catalogue.js';
import type { Random } from '../core/clock.js';
import type { CompletionCall } from '../core/completion.js';
import { fail, ok, userError } from '../core/errors.js';
import type { Result } from '../core/errors.js';
import type { RoutingCandidate } from '../core/inference.js';
import type { Principal } from '../core/principal.js';
import type { RoutePlan, RoutingContext } from './contract.js';
import { resolveModel, whyNotServing } from './resolve.js';
import type { Resolution } from './resolve.js';

const NOT_ALLOWED = 'the API key may not use this model';
const NOT_FIRST = 'another deployment has more weight, or as much and is older';

/** Decides who answers: of the deployments that serve and are allowed, the first. A pure function of its arguments and chance. */
export function planRoute(call: CompletionCall, context: RoutingContext, random: Random): Result<RoutePlan> {
  const resolution = resolveModel(call.model, context.snapshot);
  const serving = resolution?.deployments.filter((deployment) => whyNotServing(deployment) === null) ?? [];
  if (resolution === null || serving.length === 0) return fail(userError('MODEL_NOT_FOUND', { model: call.model }));
  // The allow-list is asked about what the name turned out to mean: no other spelling of a model gets around it.
  const allowed = serving.filter((deployment) => mayUse(context.principal, deployment));
  const [chosen] = allowed;
  if (!chosen) return fail(userError('MODEL_NOT_ALLOWED', { model: call.model }));
  return ok({ targets: [chosen], record: recordOf(resolution, { chosen, allowed, seed: newSeed(random) }) });
}

function mayUse(principal: Principal, deployment: Deployment): boolean {
  return principal.models === null || principal.models.has(deployment.model.slug);
}

interface Choice {
  readonly chosen: Deployment;
  readonly allowed: readonly Deployment[];
  readonly seed: string;
}

function recordOf(resolution: Resolution, { chosen, allowed, seed }: Choice): RoutePlan['record'] {
  const count = `${allowed.length} of ${resolution.deployments.length} deployments can be used`;
  return {
    route: null,
    routeVersion: null,
    seed,
    steps: [
      { path: 'model', kind: resolution.kind, outcome: count, reason: resolution.reason },
      { path: 'model', kind: 'TARGET', outcome: chosen.slug, reason: 'the highest weight, then the oldest' },
    ],
    candidates: resolution.deployments.map((deployment) => candidateOf(deployment, chosen, allowed)),
  };
}

function candidateOf(deployment: Deployment, chosen: Deployment, allowed: readonly Deployment[]): RoutingCandidate {
  const isChosen = deployment === chosen;
  const whyNot = whyNotServing(deployment) ?? (allowed.includes(deployment) ? NOT_FIRST : NOT_ALLOWED);
  return { deploymentId: deployment.id, chosen: isChosen, score: null, excluded: isChosen ? null : whyNot };
}

/** 64 random bits: unique per call for all that matters, and enough to replay a decision that used chance. */
function newSeed(random: Random): string {
  const word = () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return word() + word();
}
