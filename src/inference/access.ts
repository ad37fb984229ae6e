import type { CompletionState, InferenceRecord } from '../core/inference.js';
import { hasPermission, seesTeam } from '../core/principal.js';
import type { Principal } from '../core/principal.js';

/** Who may do what with a completion. Another organization's does not exist for anybody. */
function isOwn(principal: Principal, record: InferenceRecord): boolean {
  return (
    record.organizationId === principal.organizationId && record.apiKeyId === principal.apiKeyId && hasPermission(principal, 'INFERENCE')
  );
}

function isInScope(principal: Principal, record: InferenceRecord): boolean {
  return record.organizationId === principal.organizationId && seesTeam(principal, record.teamId);
}

export function maySee(principal: Principal, record: InferenceRecord): boolean {
  return isOwn(principal, record) || (isInScope(principal, record) && hasPermission(principal, 'USAGE_READ'));
}

export function mayReadWords(principal: Principal, record: InferenceRecord): boolean {
  return isOwn(principal, record) || (isInScope(principal, record) && hasPermission(principal, 'PAYLOAD_READ'));
}

/** A stored prompt is read by nobody without that permission, not even by the key that sent it: keys are shared by many people. */
export function mayReadPrompt(principal: Principal, record: InferenceRecord): boolean {
  return isInScope(principal, record) && hasPermission(principal, 'PAYLOAD_READ');
}

/** Ending a call belongs to the key that began it, and to administrators. */
export function mayEnd(principal: Principal, record: InferenceRecord): boolean {
  return isOwn(principal, record) || (isInScope(principal, record) && hasPermission(principal, 'ADMIN'));
}

/** The state as this principal may see it. */
export function viewFor(principal: Principal, state: CompletionState): CompletionState {
  const { record, message, result } = state;
  const isBare = message === null && result === undefined;
  return isBare || mayReadWords(principal, record) ? state : { record, message: null };
}
