import { FAILURE_POLICIES } from '../core/failures.js';
import type { Failure } from '../core/failures.js';
import type { Group } from './compile.js';
import type { Leg } from './walk-state.js';

/** Whether a failure of one target leads to another one: by the innermost group that both stand in. */
export function leadsTo(failure: Failure, from: Leg, to: Leg): boolean {
  const group = sharedGroup(from.way.groups, to.way.groups);
  if (group === null) return false;
  // Nothing was sent: what the gateway can't say in one target's form it may say in another's.
  if (failure.callerMessage !== undefined) return true;
  if (failure.class === 'CONTEXT_LENGTH' && !mayFit(from, to)) return false;
  if (group.on !== null) return group.on.has(failure.class);
  const policy = FAILURE_POLICIES[failure.class].nextTarget;
  return policy !== 'no' && policy !== 'if-route-says';
}

function sharedGroup(left: readonly Group[], right: readonly Group[]): Group | null {
  let shared: Group | null = null;
  for (const [index, group] of left.entries()) {
    if (right[index] !== group) break;
    shared = group;
  }
  return shared;
}

/** A larger window; where one of them is unknown, another model may have it. */
function mayFit({ deployment: from }: Leg, { deployment: to }: Leg): boolean {
  const [known, next] = [from.model.contextWindow, to.model.contextWindow];
  if (known === null || next === null) return from.model.slug !== to.model.slug;
  return next > known;
}
