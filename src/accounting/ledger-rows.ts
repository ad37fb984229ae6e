import type { UserError } from '../core/errors.js';
import { uuidFromId } from '../core/ids.js';
import type { Id, IdPrefix } from '../core/ids.js';
import type { AttemptRecord, InferenceRecord, RoutingRecord } from '../core/inference.js';
import { formatUsd, ZERO_PICO_USD } from '../core/money.js';
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
import { amountColumns, storedPrice } from './ledger-amounts.js';
import type { AmountColumns, StoredPrice } from './ledger-amounts.js';
import { routeColumns } from './ledger-routes.js';
import type { RouteColumns } from './ledger-routes.js';

/** A row of `inference`. Instants are written as ISO 8601 and read as dates, counts written as numbers and read as text. */
export type InferenceRow<Instant = string, Count = number> = AmountColumns<Count> &
  RouteColumns & {
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
  readonly reason: string | null;
  readonly started_at: Instant;
  readonly first_token_ms: number | null;
  readonly duration_ms: number | null;
};

export type ReadInferenceRow = InferenceRow<Date, string>;
export type ReadAttemptRow = AttemptRow<Date, string>;

/** What a row of an earlier version stands for where it does not say; what is named in neither has always been there. */
export const INFERENCE_DEFAULTS = { provisional: false } as const satisfies Partial<InferenceRow>;
export const ATTEMPT_DEFAULTS = { parameter: null, reason: null } as const satisfies Partial<AttemptRow>;

/** Every column by its name: spreading the parts together would take V8 ten times as long as all else about a row. */
// eslint-disable-next-line max-lines-per-function -- one line a column, and no step that could be cut off
export function toInferenceRow(record: InferenceRecord): InferenceRow {
  const { served, cost, timing } = record;
  const amounts = amountColumns(record.usage, cost);
  const way = routeColumns(
    record.routing,
    record.attempts.map((attempt) => attempt.served.deploymentId),
  );
  return {
    input: amounts.input,
    cached_input: amounts.cached_input,
    cache_write_5m: amounts.cache_write_5m,
    cache_write_1h: amounts.cache_write_1h,
    audio_input: amounts.audio_input,
    image_input: amounts.image_input,
    output: amounts.output,
    reasoning: amounts.reasoning,
    audio_output: amounts.audio_output,
    image_output: amounts.image_output,
    usage_source: amounts.usage_source,
    usage_raw: amounts.usage_raw,
    usage_inconsistent: amounts.usage_inconsistent,
    cost: amounts.cost,
    cost_quality: amounts.cost_quality,
    cost_components: amounts.cost_components,
    price_id: amounts.price_id,
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
    route: way.route,
    route_version: way.route_version,
    experiment: way.experiment,
    experiment_branch: way.experiment_branch,
    rerouted: wasRerouted(record),
    attempt_count: record.attempts.length,
    cache_status: record.cacheStatus,
    streamed: record.streamed,
    content_state: record.contentState,
    content_expires_at: record.contentExpiresAt?.toISOString() ?? null,
    queued_ms: timing.queuedMs,
    gateway_ms: timing.gatewayMs,
    first_token_ms: timing.firstTokenMs,
    total_ms: timing.totalMs,
    request_id: record.requestId,
    created_at: record.createdAt.toISOString(),
    ended_at: record.endedAt?.toISOString() ?? null,
    provisional: false,
  };
}

/** Answered after another target had failed. */
function wasRerouted({ status, served, attempts }: InferenceRecord): boolean {
  if (status !== 'SUCCEEDED' || served === null) return false;
  return attempts.some((attempt) => attempt.status === 'FAILED' && attempt.served.deploymentId !== served.deploymentId);
}

export function toAttemptRows(record: InferenceRecord): AttemptRow[] {
  return record.attempts.map((attempt) => toAttemptRow(record, attempt));
}

function toAttemptRow(record: InferenceRecord, attempt: AttemptRecord): AttemptRow {
  const amounts = amountColumns(attempt.usage, attempt.cost);
  return {
    input: amounts.input,
    cached_input: amounts.cached_input,
    cache_write_5m: amounts.cache_write_5m,
    cache_write_1h: amounts.cache_write_1h,
    audio_input: amounts.audio_input,
    image_input: amounts.image_input,
    output: amounts.output,
    reasoning: amounts.reasoning,
    audio_output: amounts.audio_output,
    image_output: amounts.image_output,
    usage_source: amounts.usage_source,
    usage_raw: amounts.usage_raw,
    usage_inconsistent: amounts.usage_inconsistent,
    cost: amounts.cost,
    cost_quality: amounts.cost_quality,
    cost_components: amounts.cost_components,
    price_id: amounts.price_id,
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
    reason: attempt.reason ?? null,
    started_at: attempt.startedAt.toISOString(),
    first_token_ms: attempt.firstTokenMs,
    duration_ms: attempt.durationMs,
  };
}

function uuidOrNull(id: Id<IdPrefix> | null | undefined): string | null {
  return id ? uuidFromId(id) : null;
}
