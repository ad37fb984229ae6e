import { COST_OF_NOTHING } from '../accounting/price.js';
import type { UserError } from '../core/errors.js';
import type { InferenceId } from '../core/ids.js';
import type { CompletionState, InferenceRecord, RoutingRecord } from '../core/inference.js';
import { operationOf } from '../core/operations.js';
import type { InferenceCall } from '../core/operations.js';
import type { Principal, Tag } from '../core/principal.js';
import { NO_USAGE } from '../core/usage.js';
import type { Operation } from '../core/vocabulary.js';
import type { RoutePlan } from '../routing/contract.js';
import { retentionOf } from './retention.js';
import type { CompletionForm, CompletionStart } from './start.js';

const NOT_YET = { queuedMs: null, gatewayMs: null, firstTokenMs: null, totalMs: null };

/** What a refusal is known by; `call` is null where the input did not even make one. */
export interface RefusedRequest {
  readonly id: InferenceId;
  readonly operation: Operation;
  readonly principal: Principal;
  readonly requestedModel: string;
  readonly call: InferenceCall | null;
  readonly form: CompletionForm;
  readonly requestId: string | null;
  /** How it was decided who answers, where it came to that. */
  readonly routing: RoutingRecord | null;
  readonly at: Date;
}

/** The state of a completion as it begins; everything that isn't known yet is null or empty. */
export function runningState(start: CompletionStart, plan: RoutePlan): CompletionState {
  const { id, principal, call, form, requestId, createdAt: at } = start;
  const request = {
    id,
    operation: operationOf(call),
    principal,
    requestedModel: call.model,
    call,
    form,
    requestId,
    routing: plan.record,
    at,
  };
  return { record: { ...recordOf(request, 'RUNNING'), contentState: retentionOf(start).contentState }, message: null };
}

/** The row of what was refused before any upstream call: it used nothing and cost nothing, known exactly. */
export function refusedRecord(request: RefusedRequest, error: UserError): InferenceRecord {
  return { ...recordOf(request, 'BLOCKED'), usage: NO_USAGE, cost: COST_OF_NOTHING, error, endedAt: request.at };
}

/** Nothing of it reached an upstream: it may be tried again under its key. */
export function wasNeverSent({ status, attempts }: InferenceRecord): boolean {
  return status === 'BLOCKED' || (status === 'CANCELLED' && attempts.length === 0);
}

/** Every field by its name: spreading parts together is what a row would cost most. */
function recordOf(request: RefusedRequest, status: InferenceRecord['status']): InferenceRecord {
  const { id, operation, principal, requestedModel, call, form, requestId, routing, at } = request;
  return {
    id,
    organizationId: principal.organizationId,
    operation,
    status,
    requestedModel,
    served: null,
    apiKeyId: principal.apiKeyId,
    teamId: principal.teamId,
    user: call?.user ?? null,
    sessionId: call?.sessionId ?? null,
    tags: joinTags(principal.tags, call?.tags ?? []),
    task: call?.task ?? null,
    usage: null,
    cost: null,
    routing,
    attempts: [],
    cacheStatus: 'OFF',
    finishReason: null,
    rawFinishReason: null,
    warnings: [],
    error: null,
    streamed: form !== 'complete',
    contentState: 'NOT_STORED',
    contentExpiresAt: null,
    timing: NOT_YET,
    requestId,
    createdAt: at,
    endedAt: null,
  };
}

/** A key's own tags stand: what is charged by them can't be relabelled by a call. */
function joinTags(ofKey: readonly Tag[], ofCall: readonly Tag[]): readonly Tag[] {
  if (ofKey.length === 0) return ofCall;
  return [...ofKey, ...ofCall.filter(({ key }) => !ofKey.some((tag) => tag.key === key))];
}
