import { COST_OF_NOTHING } from '../accounting/price.js';
import type { CompletionCall } from '../core/completion.js';
import type { UserError } from '../core/errors.js';
import type { CompletionId } from '../core/ids.js';
import type { CompletionState, InferenceRecord } from '../core/inference.js';
import type { Principal, Tag } from '../core/principal.js';
import { NO_USAGE } from '../core/usage.js';
import type { RoutePlan } from '../routing/contract.js';
import { retentionOf } from './retention.js';
import type { CompletionStart } from './start.js';

const NOT_YET = { queuedMs: null, gatewayMs: null, firstTokenMs: null, totalMs: null };

/** What a refusal is known by; `call` is null where the input did not even make one. */
export interface RefusedRequest {
  readonly id: CompletionId;
  readonly principal: Principal;
  readonly requestedModel: string;
  readonly call: CompletionCall | null;
  readonly streamed: boolean;
  readonly requestId: string | null;
  readonly at: Date;
}

/** The row of a completion as it begins; everything that isn't known yet is null or empty. */
export function openRecord(start: CompletionStart, plan: RoutePlan): InferenceRecord {
  return {
    ...callFields(start.principal, start.call),
    id: start.id,
    operation: 'COMPLETION',
    status: 'RUNNING',
    requestedModel: start.call.model,
    served: null,
    usage: null,
    cost: null,
    routing: plan.record,
    attempts: [],
    cacheStatus: 'OFF',
    finishReason: null,
    rawFinishReason: null,
    warnings: [],
    error: null,
    streamed: start.form !== 'complete',
    contentState: 'NOT_STORED',
    contentExpiresAt: null,
    timing: NOT_YET,
    requestId: start.requestId,
    createdAt: start.createdAt,
    endedAt: null,
  };
}

export function runningState(start: CompletionStart, plan: RoutePlan): CompletionState {
  return { record: { ...openRecord(start, plan), contentState: retentionOf(start).contentState }, message: null };
}

/** The row of what was refused before any upstream call: it used nothing and cost nothing, known exactly. */
export function refusedRecord(request: RefusedRequest, error: UserError): InferenceRecord {
  return {
    ...callFields(request.principal, request.call),
    id: request.id,
    operation: 'COMPLETION',
    status: 'BLOCKED',
    requestedModel: request.requestedModel,
    served: null,
    usage: NO_USAGE,
    cost: COST_OF_NOTHING,
    routing: null,
    attempts: [],
    cacheStatus: 'OFF',
    finishReason: null,
    rawFinishReason: null,
    warnings: [],
    error,
    streamed: request.streamed,
    contentState: 'NOT_STORED',
    contentExpiresAt: null,
    timing: NOT_YET,
    requestId: request.requestId,
    createdAt: request.at,
    endedAt: request.at,
  };
}

type CallFields = 'organizationId' | 'apiKeyId' | 'teamId' | 'user' | 'sessionId' | 'tags' | 'task';

function callFields(principal: Principal, call: CompletionCall | null): Pick<InferenceRecord, CallFields> {
  return {
    organizationId: principal.organizationId,
    apiKeyId: principal.apiKeyId,
    teamId: principal.teamId,
    user: call?.user ?? null,
    sessionId: call?.sessionId ?? null,
    tags: joinTags(principal.tags, call?.tags ?? []),
    task: call?.task ?? null,
  };
}

/** A key's own tags stand: what is charged by them can't be relabelled by a call. */
function joinTags(ofKey: readonly Tag[], ofCall: readonly Tag[]): readonly Tag[] {
  if (ofKey.length === 0) return ofCall;
  return [...ofKey, ...ofCall.filter(({ key }) => !ofKey.some((tag) => tag.key === key))];
}
