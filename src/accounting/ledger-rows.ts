import type { UserError } from '../core/errors.js';
import { idFromUuid, uuidFromId } from '../core/ids.js';
import type { Id, IdPrefix } from '../core/ids.js';
import type { AttemptRecord, InferenceRecord, RoutingRecord, ServedBy, Timing } from '../core/inference.js';
import { formatUsd, ZERO_PICO_USD } from '../core/money.js';
import type { Price } from '../core/pricing.js';
import type { Tag } from '../core/principal.js';
import type {
  AttemptStatus,
  CacheStatus,
  ContentState,
  ErrorCode,
  FailureClass,
  FinishReason,
  InferenceStatus,
  Operation,
  TaskKind,
} from '../core/vocabulary.js';
import { amountColumns, costFrom, priceFrom, storedPrice, storedUsd, usageFrom } from './ledger-amounts.js';
import type { AmountColumns, StoredPrice } from './ledger-amounts.js';

/** A row of `inference`. Instants are written as ISO 8601 and read as dates, counts written as numbers and read as text. */
export type InferenceRow<Instant = string, Count = number> = AmountColumns<Count> & {
  readonly id: string;
  readonly organization_id: string;
  readonly operation: Operation;
  readonly status: InferenceStatus;
  readonly requested_model: string;
  readonly served_model_id: string | null;
  readonly served_deployment_id: string | null;
  readonly served_provider_id: string | null;
  readonly api_key_id: string;
  readonly team_id: string | null;
  readonly user: string | null;
  readonly session_id: string | null;
  readonly tags: readonly Tag[];
  readonly task: TaskKind | null;
  readonly price: StoredPrice | null;
  readonly saved: string;
  readonly unpriced: boolean;
  readonly finish_reason: FinishReason | null;
  readonly raw_finish_reason: string | null;
  readonly warnings: readonly string[];
  readonly error_code: ErrorCode | null;
  readonly error: UserError | null;
  readonly routing: RoutingRecord | null;
  readonly rerouted: boolean;
  readonly attempt_count: number;
  readonly cache_status: CacheStatus | null;
  readonly streamed: boolean;
  readonly content_state: ContentState;
  readonly content_expires_at: Instant | null;
  readonly queued_ms: number | null;
  readonly gateway_ms: number | null;
  readonly first_token_ms: number | null;
  readonly total_ms: number | null;
  readonly request_id: string | null;
  readonly created_at: Instant;
  readonly ended_at: Instant | null;
  /** Settled for a lost replica, until the truth turns up. */
  readonly provisional: boolean;
};

/** A row of `attempt`. */
export type AttemptRow<Instant = string, Count = number> = AmountColumns<Count> & {
  readonly id: string;
  readonly organization_id: string;
  readonly inference_id: string;
  readonly index: number;
  readonly deployment_id: string;
  readonly provider_id: string;
  readonly model_id: string;
  readonly status: AttemptStatus;
  readonly failure: FailureClass | null;
  readonly http_status: number | null;
  readonly detail: string | null;
  readonly retry_after_ms: number | null;
  readonly parameter: string | null;
  readonly started_at: Instant;
  readonly first_token_ms: number | null;
  readonly duration_ms: number | null;
};

export type ReadInferenceRow = InferenceRow<Date, string>;
export type ReadAttemptRow = AttemptRow<Date, string>;

/** What a row of an earlier version stands for where it does not say; what is named in neither has always been there. */
export const INFERENCE_DEFAULTS = { provisional: false } as const satisfies Partial<InferenceRow>;
export const ATTEMPT_DEFAULTS = { parameter: null } as const satisfies Partial<AttemptRow>;

export function toInferenceRow(record: InferenceRecord): InferenceRow {
  const { served, cost } = record;
  return {
    ...amountColumns(record.usage, cost),
    id: uuidFromId(record.id),
    organization_id: uuidFromId(record.organizationId),
    operation: record.operation,
    status: record.status,
    requested_model: record.requestedModel,
    served_model_id: uuidOrNull(served?.modelId),
    served_deployment_id: uuidOrNull(served?.deploymentId),
    served_provider_id: uuidOrNull(served?.providerId),
    api_key_id: uuidFromId(record.apiKeyId),
    team_id: uuidOrNull(record.teamId),
    user: record.user,
    session_id: record.sessionId,
    tags: record.tags,
    task: record.task,
    price: cost?.price ? storedPrice(cost.price) : null,
    saved: formatUsd(cost?.saved ?? ZERO_PICO_USD),
    unpriced: cost?.quality === 'UNPRICED',
    finish_reason: record.finishReason,
    raw_finish_reason: record.rawFinishReason,
    warnings: record.warnings,
    error_code: record.error?.code ?? null,
    error: record.error,
    routing: record.routing,
    rerouted: wasRerouted(record),
    attempt_count: record.attempts.length,
    cache_status: record.cacheStatus,
    streamed: record.streamed,
    content_state: record.contentState,
    content_expires_at: record.contentExpiresAt?.toISOString() ?? null,
    ...timingColumns(record.timing),
    request_id: record.requestId,
    created_at: record.createdAt.toISOString(),
    ended_at: record.endedAt?.toISOString() ?? null,
    provisional: false,
  };
}

function timingColumns({ queuedMs, gatewayMs, firstTokenMs, totalMs }: Timing) {
  return { queued_ms: queuedMs, gateway_ms: gatewayMs, first_token_ms: firstTokenMs, total_ms: totalMs };
}

/** Answered after another target had failed. */
function wasRerouted({ status, served, attempts }: InferenceRecord): boolean {
  if (status !== 'SUCCEEDED' || served === null) return false;
  return attempts.some((attempt) => attempt.status === 'FAILED' && attempt.served.deploymentId !== served.deploymentId);
}

export function toAttemptRows(record: InferenceRecord): AttemptRow[] {
  return record.attempts.map((attempt) => ({
    ...amountColumns(attempt.usage, attempt.cost),
    id: uuidFromId(attempt.id),
    organization_id: uuidFromId(record.organizationId),
    inference_id: uuidFromId(record.id),
    index: attempt.index,
    deployment_id: uuidFromId(attempt.served.deploymentId),
    provider_id: uuidFromId(attempt.served.providerId),
    model_id: uuidFromId(attempt.served.modelId),
    status: attempt.status,
    failure: attempt.failure?.class ?? null,
    http_status: attempt.failure?.httpStatus ?? null,
    detail: attempt.failure?.detail ?? null,
    retry_after_ms: attempt.failure?.retryAfterMs ?? null,
    parameter: attempt.failure?.parameter ?? null,
    started_at: attempt.startedAt.toISOString(),
    first_token_ms: attempt.firstTokenMs,
    duration_ms: attempt.durationMs,
  }));
}

export function inferenceFrom(row: ReadInferenceRow, attempts: readonly AttemptRecord[]): InferenceRecord {
  return {
    id: idFromUuid('completion', row.id),
    organizationId: idFromUuid('organization', row.organization_id),
    operation: row.operation,
    status: row.status,
    requestedModel: row.requested_model,
    served: servedFrom(row.served_model_id, row.served_deployment_id, row.served_provider_id),
    apiKeyId: idFromUuid('key', row.api_key_id),
    teamId: idOrNull('team', row.team_id),
    user: row.user,
    sessionId: row.session_id,
    tags: row.tags,
    task: row.task,
    usage: usageFrom(row),
    cost: costFrom(row, row.price && priceFrom(row.price), storedUsd(row.saved)),
    routing: row.routing,
    attempts,
    cacheStatus: row.cache_status ?? 'OFF',
    finishReason: row.finish_reason,
    rawFinishReason: row.raw_finish_reason,
    warnings: row.warnings,
    error: row.error,
    streamed: row.streamed,
    contentState: row.content_state,
    contentExpiresAt: row.content_expires_at,
    timing: { queuedMs: row.queued_ms, gatewayMs: row.gateway_ms, firstTokenMs: row.first_token_ms, totalMs: row.total_ms },
    requestId: row.request_id,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

/** `prices`: at least the row's own, by the UUID of its id. */
export function attemptFrom(row: AttemptRow<Date, string | number>, prices: ReadonlyMap<string, Price>): AttemptRecord {
  return {
    id: idFromUuid('attempt', row.id),
    index: row.index,
    served: {
      modelId: idFromUuid('model', row.model_id),
      deploymentId: idFromUuid('deployment', row.deployment_id),
      providerId: idFromUuid('provider', row.provider_id),
    },
    status: row.status,
    failure: row.failure && {
      class: row.failure,
      detail: row.detail ?? '',
      httpStatus: row.http_status,
      retryAfterMs: row.retry_after_ms,
      ...(row.parameter === null ? {} : { parameter: row.parameter }),
    },
    startedAt: row.started_at,
    firstTokenMs: row.first_token_ms,
    durationMs: row.duration_ms,
    usage: usageFrom(row),
    cost: costFrom(row, row.price_id === null ? null : (prices.get(row.price_id) ?? null)),
  };
}

function servedFrom(modelId: string | null, deploymentId: string | null, providerId: string | null): ServedBy | null {
  if (modelId === null || deploymentId === null || providerId === null) return null;
  return {
    modelId: idFromUuid('model', modelId),
    deploymentId: idFromUuid('deployment', deploymentId),
    providerId: idFromUuid('provider', providerId),
  };
}

function uuidOrNull(id: Id<IdPrefix> | null | undefined): string | null {
  return id ? uuidFromId(id) : null;
}

function idOrNull<Prefix extends IdPrefix>(prefix: Prefix, uuid: string | null): Id<Prefix> | null {
  return uuid === null ? null : idFromUuid(prefix, uuid);
}
