import { TOKEN_CLASSES } from '../../core/usage.js';
import { PRICE_COMPONENTS } from '../../core/vocabulary.js';
import type { PriceComponent } from '../../core/vocabulary.js';
import type { UnitOfWork } from '../../storage/unit-of-work.js';
import { storedUsd, TOKEN_COLUMNS } from '../ledger-amounts.js';
import { perMillion } from './blended-price.js';
import { createParameters } from './conditions.store.js';
import type { CostReport, CostRow, CostTotal } from './contract.js';
import { asReportError, cutRows, GROUP_BY_SERIES, groupFrom, IS_TOTAL, pickedRows } from './grouping.store.js';
import type { GroupColumns } from './grouping.store.js';
import type { ReportPlan } from './plan.js';

interface CostColumns extends GroupColumns {
  readonly cost: string;
  readonly saved: string;
  /** Of the requests that have a price. */
  readonly tokens: string;
  readonly components: readonly { readonly kind: PriceComponent; readonly quantity: string; readonly amount: string }[] | null;
}

const PICKED = {
  columns: `i.cost, i.saved, i.cost_components, ${TOKEN_CLASSES.map((name) => `i.${TOKEN_COLUMNS[name]}`).join(' + ')} AS tokens`,
  joins: '',
};

export type CostFigures = Omit<CostReport, 'freshAsOf'>;

export interface CostStore {
  costs(plan: ReportPlan): Promise<CostFigures>;
}

/** One statement a report: the rows are read once, then grouped for the sums, and again by kind for what these are made of. */
export function createCostStore(unitOfWork: UnitOfWork): CostStore {
  return {
    async costs(plan) {
      const parameters = createParameters();
      const sql = statement(pickedRows(plan, parameters, PICKED), parameters.add(plan.limit + 2));
      const { scope, range } = plan;
      const rows = await unitOfWork
        .asOrganization(scope.organizationId, (manager) => manager.query<CostColumns[]>(sql, [...parameters.values]))
        .catch((error: unknown) => {
          throw asReportError(error);
        });
      const { total, kept, truncated } = cutRows(rows, plan);
      if (!total) throw new Error('a report came without its total');
      const [sum, saved] = [storedUsd(total.cost), storedUsd(total.saved)];
      return { range, total: sum, saved, rows: kept.map((row) => rowFrom(row, plan)), truncated };
    },
  };
}

/** Amounts inside the JSON are text: a JSON number would be read as a float. */
function statement(picked: string, limit: string): string {
  return `
    WITH picked AS MATERIALIZED (${picked}),
    grouped AS (
      SELECT ${IS_TOTAL} AS is_total, bucket, series, coalesce(sum(cost), 0) AS cost, coalesce(sum(saved), 0) AS saved,
        coalesce(sum(tokens) FILTER (WHERE cost IS NOT NULL), 0) AS tokens
      FROM picked ${GROUP_BY_SERIES}
    ),
    best AS (
      SELECT *, sum(cost) OVER (PARTITION BY is_total, series) AS rank FROM grouped
      ORDER BY is_total DESC, rank DESC, series COLLATE "C", bucket LIMIT ${limit}
    ),
    parts AS (
      SELECT bucket, series, kind, sum(quantity) AS quantity, sum(amount) AS amount
      FROM picked, jsonb_to_recordset(cost_components) AS part (kind text, quantity numeric, amount numeric)
      GROUP BY bucket, series, kind
    ),
    listed AS (
      SELECT bucket, series, jsonb_agg(jsonb_build_object('kind', kind, 'quantity', quantity::text, 'amount', amount::text)) AS components
      FROM parts GROUP BY bucket, series
    )
    SELECT best.*, listed.components
    FROM best LEFT JOIN listed ON listed.series = best.series AND listed.bucket IS NOT DISTINCT FROM best.bucket
    ORDER BY best.is_total DESC, best.rank DESC, best.series COLLATE "C", best.bucket`;
}

function rowFrom(row: CostColumns, plan: ReportPlan): CostRow {
  const total = storedUsd(row.cost);
  return {
    ...groupFrom(row, plan),
    total,
    components: componentsFrom(row),
    blendedPerMillionTokens: perMillion(total, Number(row.tokens)),
  };
}

/** In the order of the word list, so that equal reports are equal. */
function componentsFrom({ components }: CostColumns): readonly CostTotal[] {
  return (components ?? [])
    .map(({ kind, quantity, amount }) => ({ kind, quantity: Number(quantity), amount: storedUsd(amount) }))
    .toSorted((left, right) => PRICE_COMPONENTS.indexOf(left.kind) - PRICE_COMPONENTS.indexOf(right.kind));
}
