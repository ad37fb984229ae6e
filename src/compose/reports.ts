import type { FeedbackBook, Reports } from '../accounting/reports/contract.js';
import { createCostStore } from '../accounting/reports/costs.store.js';
import { createFeedbackBook } from '../accounting/reports/feedback.js';
import { createFeedbackStore } from '../accounting/reports/feedback.store.js';
import { createListingStore } from '../accounting/reports/listing.store.js';
import { createReports } from '../accounting/reports/reports.js';
import { createPastCallsStore } from '../accounting/reports/past-calls.store.js';
import type { SettledFeed } from '../accounting/reports/settled-feed.js';
import { createUsageStore } from '../accounting/reports/usage.store.js';
import type { Catalogue } from '../catalog/contract.js';
import type { Clock } from '../core/clock.js';
import type { Completions } from '../inference/contract.js';
import { createRouteReplays } from '../inference/replays.js';
import type { RouteReplays } from '../inference/replays.js';
import type { Router } from '../routing/contract.js';
import type { UnitOfWork } from '../storage/unit-of-work.js';

export interface ReportParts {
  readonly unitOfWork: UnitOfWork;
  readonly catalogue: Catalogue;
  readonly completions: Pick<Completions, 'records'>;
  readonly feed: SettledFeed;
  readonly freshAsOf: () => Date;
  readonly clock: Clock;
  readonly router: Router;
}

/** What is asked of the books, and what is said of them. */
export function composeReports({ unitOfWork, catalogue, completions, feed, freshAsOf, clock, router }: ReportParts): {
  readonly reports: Reports;
  readonly feedback: FeedbackBook;
  readonly routeReplays: RouteReplays;
} {
  const reports = createReports({
    ...{ feed, freshAsOf },
    store: { ...createUsageStore(unitOfWork), ...createCostStore(unitOfWork), ...createListingStore(unitOfWork) },
    nameServed(organizationId, { modelId, providerId, deploymentId }) {
      const { models, providers, deployments } = catalogue.snapshot(organizationId);
      return {
        model: models.byId.get(modelId)?.slug ?? null,
        provider: providers.byId.get(providerId)?.slug ?? null,
        deployment: deployments.byId.get(deploymentId)?.slug ?? null,
      };
    },
  });
  const feedback = createFeedbackBook({
    clock,
    store: createFeedbackStore(unitOfWork),
    findInference: async (principal, id) => (await completions.records(principal, [id])).get(id)?.id ?? null,
  });
  const routeReplays = createRouteReplays({ catalogue, router, store: createPastCallsStore(unitOfWork) });
  return { reports, feedback, routeReplays };
}
