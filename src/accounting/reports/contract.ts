import type { Result } from '../../core/errors.js';
import type { FeedbackId, InferenceId, OrganizationId } from '../../core/ids.js';
import type { InferenceRecord } from '../../core/inference.js';
import type { PicoUsd } from '../../core/money.js';
import type { Principal, Tag } from '../../core/principal.js';
import type { TokenClasses } from '../../core/usage.js';
import type {
  ErrorCode,
  Granularity,
  InferenceStatus,
  Operation,
  PriceComponent,
  TaskKind,
  UsageDimension,
  UsageOrder,
} from '../../core/vocabulary.js';

type Optional<T> = T | null | undefined;

/** From `from` on, and before `to`. */
export interface TimeRange {
  readonly from: Date;
  readonly to: Date;
}

/** All that is given must hold; within one, any of its values: an empty list matches nothing, as a foreign id does. */
export interface CommonFilter {
  readonly teams?: Optional<readonly string[]>;
  readonly apiKeys?: Optional<readonly string[]>;
  readonly users?: Optional<readonly string[]>;
  readonly sessions?: Optional<readonly string[]>;
  /** Slugs of what served. */
  readonly models?: Optional<readonly string[]>;
  readonly providers?: Optional<readonly string[]>;
  readonly deployments?: Optional<readonly string[]>;
  /** Slugs of what callers named. */
  readonly routes?: Optional<readonly string[]>;
  readonly operations?: Optional<readonly Operation[]>;
  readonly statuses?: Optional<readonly InferenceStatus[]>;
  readonly errorCodes?: Optional<readonly ErrorCode[]>;
  readonly tags?: Optional<readonly Tag[]>;
}

export interface UsageFilter extends CommonFilter {
  readonly requestedModels?: Optional<readonly string[]>;
  readonly tasks?: Optional<readonly TaskKind[]>;
  readonly regions?: Optional<readonly string[]>;
  /** For groups by TAG: whose values make them. */
  readonly tagKey?: Optional<string>;
}

export interface InferenceFilter extends CommonFilter {
  readonly range?: Optional<TimeRange>;
  /** Decimal dollars. */
  readonly minCost?: Optional<string>;
  readonly minLatencyMs?: Optional<number>;
}

export interface CostRequest {
  readonly range: TimeRange;
  readonly granularity?: Optional<Granularity>;
  readonly timeZone?: Optional<string>;
  readonly groupBy?: Optional<readonly UsageDimension[]>;
  readonly filter?: Optional<UsageFilter>;
  readonly limit?: Optional<number>;
}

export interface UsageRequest extends CostRequest {
  readonly orderBy?: Optional<UsageOrder>;
}

/** `totals` covers all groups, also those past the limit. */
export interface UsageReport {
  readonly range: TimeRange;
  readonly totals: UsageMetrics;
  readonly rows: readonly UsageRow[];
  readonly truncated: boolean;
  /** Whatever had ended by then is in the rows. */
  readonly freshAsOf: Date;
}

export interface UsageRow extends Group {
  readonly metrics: UsageMetrics;
}

export interface Group {
  readonly bucket: Date | null;
  /** In the order that was asked for. */
  readonly dimensions: readonly DimensionValue[];
}

export interface DimensionValue {
  readonly dimension: UsageDimension;
  /** Null where inferences have none. */
  readonly value: string | null;
  /** What a value is one of: the route of a version, the experiment of a branch. */
  readonly of?: string;
}

export interface UsageMetrics {
  readonly requests: number;
  readonly attempts: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly blocked: number;
  /** Answered after another target had failed. */
  readonly rerouted: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  readonly tokens: TokenClasses;
  readonly cost: PicoUsd;
  readonly saved: PicoUsd;
  readonly unpricedRequests: number;
  readonly latencyMs: Percentiles;
  readonly firstTokenMs: Percentiles;
  readonly gatewayMs: Percentiles;
  readonly activeUsers: number;
  readonly feedback: { readonly count: number; readonly average: number | null };
}

export interface Percentiles {
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export interface CostReport {
  readonly range: TimeRange;
  readonly total: PicoUsd;
  readonly saved: PicoUsd;
  readonly rows: readonly CostRow[];
  readonly truncated: boolean;
  readonly freshAsOf: Date;
}

export interface CostRow extends Group {
  readonly total: PicoUsd;
  readonly components: readonly CostTotal[];
  /** Dollars for a million tokens of the requests that have a price; null where these used none. */
  readonly blendedPerMillionTokens: PicoUsd | null;
}

export interface CostTotal {
  readonly kind: PriceComponent;
  readonly quantity: number;
  readonly amount: PicoUsd;
}

export interface InferencePage {
  readonly first: number;
  /** The id of the last inference of the page before. */
  readonly after: string | null;
}

/** What is in the books, as a principal may see it: a team's key sees its team's. Throws GatewayError BAD_USER_INPUT. */
export interface Reports {
  usage(principal: Principal, request: UsageRequest): Promise<UsageReport>;
  costs(principal: Principal, request: CostRequest): Promise<CostReport>;
  /** Newest first. */
  inferences(
    principal: Principal,
    filter: InferenceFilter,
    page: InferencePage,
  ): Promise<{ readonly records: readonly InferenceRecord[]; readonly hasNextPage: boolean }>;
  /**
   * What any replica books from the first `next()` on, until `reader` aborts. Throws EVENTS_EXPIRED where the reader fell
   * so far behind that something would be missing.
   */
  settled(principal: Principal, filter: InferenceFilter, reader?: AbortSignal): AsyncIterableIterator<InferenceRecord>;
}

export interface Feedback {
  readonly id: FeedbackId;
  readonly inferenceId: InferenceId;
  readonly value: number;
  readonly weight: number;
  readonly label: string | null;
  readonly comment: string | null;
  readonly createdAt: Date;
}

export interface FeedbackInput {
  readonly inferenceId: string;
  /** From -1 (bad) to 1 (good). */
  readonly value: number;
  /** From 0 to 1. */
  readonly weight?: Optional<number>;
  readonly label?: Optional<string>;
  readonly comment?: Optional<string>;
}

export interface FeedbackBook {
  record(principal: Principal, input: FeedbackInput): Promise<Result<Feedback>>;
  /** Oldest first. */
  byInference(organizationId: OrganizationId, ids: readonly InferenceId[]): Promise<ReadonlyMap<InferenceId, readonly Feedback[]>>;
}
