import { parseInferenceId } from '../../core/ids.js';
import { bad, checkInferenceFilter, planReport, scopeOf } from './plan.js';
import type { Reports } from './contract.js';
import type { CostStore } from './costs.store.js';
import type { ListingStore } from './listing.store.js';
import { createMatcher } from './matching.js';
import type { NameServed } from './matching.js';
import type { SettledFeed } from './settled-feed.js';
import type { UsageStore } from './usage.store.js';

export interface ReportsDependencies {
  readonly store: UsageStore & CostStore & ListingStore;
  readonly feed: SettledFeed;
  readonly nameServed: NameServed;
  readonly freshAsOf: () => Date;
}

export function createReports({ store, feed, nameServed, freshAsOf }: ReportsDependencies): Reports {
  return {
    async usage(principal, request) {
      const plan = planReport(principal, request);
      // Asked for before the rows are read: what is booked in between is more than was promised, never less.
      const fresh = freshAsOf();
      return { ...(await store.usage(plan, request.orderBy ?? 'COST_DESC')), freshAsOf: fresh };
    },
    async costs(principal, request) {
      const plan = planReport(principal, request);
      const fresh = freshAsOf();
      return { ...(await store.costs(plan)), freshAsOf: fresh };
    },
    async inferences(principal, filter, { first, after }) {
      checkInferenceFilter(filter);
      const last = after === null ? null : parseInferenceId(after);
      if (after !== null && last === null) throw bad('after', 'is not a cursor of this list');
      const records = await store.inferences(scopeOf(principal), filter, { limit: first + 1, after: last });
      return { records: records.slice(0, first), hasNextPage: records.length > first };
    },
    settled(principal, filter, reader) {
      checkInferenceFilter(filter);
      return feed.read(principal.organizationId, createMatcher(principal, filter, nameServed), reader);
    },
  };
}
