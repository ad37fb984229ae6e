import { NO_TOKENS, TOKEN_CLASSES } from '../../core/usage.js';
import type { TokenClass, TokenClasses } from '../../core/usage.js';
import type { UsageOrder } from '../../core/vocabulary.js';
import type { UnitOfWork } from '../../storage/unit-of-work.js';
import { storedUsd, TOKEN_COLUMNS } from '../ledger-amounts.js';
import { createParameters } from './conditions.store.js';
import type { Percentiles, UsageMetrics, UsageReport } from './contract.js';
import { asReportError, cutRows, GROUP_BY_SERIES, groupFrom, IS_TOTAL, pickedRows } from './grouping.store.js';
import type { GroupColumns } from './grouping.store.js';
import type { ReportPlan } from './plan.js';

/** Counts and sums are decimal text, as the driver hands out what may not fit a number. */
interface UsageColumns extends GroupColumns, Record<TokenClass, string> {
  readonly requests: string;
  readonly attempts: string;
  readonly succeeded: string;
  readonly failed: string;
  readonly cancelled: string;
  readonly blocked: string;
  readonly rerouted: string;
  readonly cache_hits: string;
  readonly cache_misses: string;
  readonly cost: string;
  readonly saved: string;
  readonly unpriced: string;
  readonly latency: readonly number[] | null;
  readonly first_token: readonly number[] | null;
  readonly gateway: readonly number[] | null;
  readonly users: string;
  readonly ratings: string;
  readonly rating: number | null;
}

const countOf = (condition: string) => `count(*) FILTER (WHERE ${condition})`;
const sumOf = (expression: string) => `coalesce(sum(${expression}), 0)`;
/** Interpolated between neighbours (https://www.postgresql.org/docs/current/functions-aggregate.html); nulls don't count. */
const percentilesOf = (column: string) => `percentile_cont(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY ${column})`;

const TOKENS = TOKEN_CLASSES.map((name) => [name, TOKEN_COLUMNS[name]] as const);

const METRICS = [
  'count(*) AS requests',
  `${sumOf('attempt_count')} AS attempts`,
  ...['SUCCEEDED', 'FAILED', 'CANCELLED', 'BLOCKED'].map((status) => `${countOf(`status = '${status}'`)} AS ${status.toLowerCase()}`),
  `${countOf('rerouted')} AS rerouted`,
  `${countOf(`cache_status = 'HIT'`)} AS cache_hits`,
  `${countOf(`cache_status = 'MISS'`)} AS cache_misses`,
  ...TOKENS.map(([name, column]) => `${sumOf(column)} AS "${name}"`),
  `${sumOf('cost')} AS cost`,
  `${sumOf('saved')} AS saved`,
  `${countOf('unpriced')} AS unpriced`,
  `${percentilesOf('total_ms')} AS latency`,
  `${percentilesOf('first_token_ms')} AS first_token`,
  `${percentilesOf('gateway_ms')} AS gateway`,
  'count(DISTINCT "user") AS users',
  `${sumOf('ratings')} AS ratings`,
  'sum(score) / nullif(sum(rating_weight), 0) AS rating',
].join(', ');

const PICKED = {
  columns: [
    ...[
      'status',
      'attempt_count',
      'rerouted',
      'cache_status',
      'cost',
      'saved',
      'unpriced',
      '"user"',
      'total_ms',
      'first_token_ms',
      'gateway_ms',
    ],
    ...TOKENS.map(([, column]) => column),
  ]
    .map((column) => `i.${column}`)
    .concat('f.ratings', 'f.score', 'f.rating_weight')
    .join(', '),
  joins: `LEFT JOIN (
      SELECT inference_id, count(*) AS ratings, sum(value * weight) AS score, sum(weight) AS rating_weight FROM feedback GROUP BY inference_id
    ) f ON f.inference_id = i.id`,
};

/** What a series is ranked by, over all its buckets. Percentiles don't add: there it is the slowest bucket's. */
const RANK_OF: Readonly<Record<UsageOrder, string>> = {
  COST_DESC: 'sum(cost)',
  REQUESTS_DESC: 'sum(requests)',
  TOKENS_DESC: `sum(${TOKENS.map(([name]) => `"${name}"`).join(' + ')})`,
  ERRORS_DESC: 'sum(failed)',
  LATENCY_DESC: 'max(latency[3])',
};

export type UsageFigures = Omit<UsageReport, 'freshAsOf'>;

export interface UsageStore {
  usage(plan: ReportPlan, order: UsageOrder): Promise<UsageFigures>;
}

/** One statement a report, whatever it groups by: the groups, their ranks and the total come of one pass over the rows. */
export function createUsageStore(unitOfWork: UnitOfWork): UsageStore {
  return {
    async usage(plan, order) {
      const parameters = createParameters();
      const sql = `
        WITH picked AS (${pickedRows(plan, parameters, PICKED)}),
        grouped AS (SELECT ${IS_TOTAL} AS is_total, bucket, series, ${METRICS} FROM picked ${GROUP_BY_SERIES})
        SELECT *, ${RANK_OF[order]} OVER (PARTITION BY is_total, series) AS rank FROM grouped
        ORDER BY is_total DESC, rank DESC NULLS LAST, series COLLATE "C", bucket LIMIT ${parameters.add(plan.limit + 2)}`;
      const { scope, range } = plan;
      const rows = await unitOfWork
        .asOrganization(scope.organizationId, (manager) => manager.query<UsageColumns[]>(sql, [...parameters.values]))
        .catch((error: unknown) => {
          throw asReportError(error);
        });
      const { total, kept, truncated } = cutRows(rows, plan);
      if (!total) throw new Error('a report came without its total');
      return {
        range,
        totals: metricsFrom(total),
        rows: kept.map((row) => ({ ...groupFrom(row, plan), metrics: metricsFrom(row) })),
        truncated,
      };
    },
  };
}

function metricsFrom(row: UsageColumns): UsageMetrics {
  return {
    requests: Number(row.requests),
    attempts: Number(row.attempts),
    succeeded: Number(row.succeeded),
    failed: Number(row.failed),
    cancelled: Number(row.cancelled),
    blocked: Number(row.blocked),
    rerouted: Number(row.rerouted),
    cacheHits: Number(row.cache_hits),
    cacheMisses: Number(row.cache_misses),
    tokens: tokensFrom(row),
    cost: storedUsd(row.cost),
    saved: storedUsd(row.saved),
    unpricedRequests: Number(row.unpriced),
    latencyMs: percentilesFrom(row.latency),
    firstTokenMs: percentilesFrom(row.first_token),
    gatewayMs: percentilesFrom(row.gateway),
    activeUsers: Number(row.users),
    feedback: { count: Number(row.ratings), average: row.rating },
  };
}

function tokensFrom(row: UsageColumns): TokenClasses {
  const tokens: Record<TokenClass, number> = { ...NO_TOKENS };
  for (const name of TOKEN_CLASSES) tokens[name] = Number(row[name]);
  return tokens;
}

function percentilesFrom(values: readonly number[] | null): Percentiles {
  const [p50 = null, p90 = null, p95 = null, p99 = null] = values ?? [];
  return { p50, p90, p95, p99 };
}
