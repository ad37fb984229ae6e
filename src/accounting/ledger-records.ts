import { idFromUuid, inferenceIdFrom } from '../core/ids.js';
import type { Id, IdPrefix } from '../core/ids.js';
import type { AttemptRecord, InferenceRecord, ServedBy } from '../core/inference.js';
import type { Price } from '../core/pricing.js';
import { costFrom, priceFrom, storedUsd, usageFrom } from './ledger-amounts.js';
import type { AttemptRow, ReadInferenceRow } from './ledger-rows.js';

export function inferenceFrom(row: ReadInferenceRow, attempts: readonly AttemptRecord[]): InferenceRecord {
  return {
    id: inferenceIdFrom(row.operation, row.id),
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
    ...(row.reason ? { reason: row.reason } : {}),
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

function idOrNull<Prefix extends IdPrefix>(prefix: Prefix, uuid: string | null): Id<Prefix> | null {
  return uuid === null ? null : idFromUuid(prefix, uuid);
}
