import { Initial1763769600000 } from './1763769600000-initial.js';
import { Reports1763776800000 } from './1763776800000-reports.js';
import { Settlement1763778600000 } from './1763778600000-settlement.js';
import { Durable1763782200000 } from './1763782200000-durable.js';
import { Routes1763785800000 } from './1763785800000-routes.js';
import { RoutesInReports1763787000000 } from './1763787000000-routes-in-reports.js';
import { Cancellation1763790600000 } from './1763790600000-cancellation.js';
import { HealthChecks1763794200000 } from './1763794200000-health-checks.js';
import { ProviderTls1763797800000 } from './1763797800000-provider-tls.js';
import { StructuredOutput1763801400000 } from './1763801400000-structured-output.js';

/** In order; appended to, never changed. */
export const MIGRATIONS = [
  Initial1763769600000,
  Reports1763776800000,
  Settlement1763778600000,
  Durable1763782200000,
  Routes1763785800000,
  RoutesInReports1763787000000,
  Cancellation1763790600000,
  HealthChecks1763794200000,
  ProviderTls1763797800000,
  StructuredOutput1763801400000,
];
