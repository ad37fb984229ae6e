import { uuidFromId } from '../../core/ids.js';
import type { InferenceId } from '../../core/ids.js';
import type { InferenceRecord } from '../../core/inference.js';
import type { UnitOfWork } from '../../storage/unit-of-work.js';
import type { ReadInferenceRow } from '../ledger-rows.js';
import { readRecords } from '../ledger.store.js';
import { conditionsOf, createParameters } from './conditions.store.js';
import type { InferenceFilter } from './contract.js';
import type { Scope } from './plan.js';

export interface ListingPage {
  readonly limit: number;
  /** Only what is older than this. */
  readonly after: InferenceId | null;
}

export interface ListingStore {
  /** Newest first, by id. The same few statements whatever the page's size. */
  inferences(scope: Scope, filter: InferenceFilter, page: ListingPage): Promise<readonly InferenceRecord[]>;
}

export function createListingStore(unitOfWork: UnitOfWork): ListingStore {
  return {
    inferences(scope, filter, { limit, after }) {
      const parameters = createParameters();
      const conditions = conditionsOf({ scope, range: filter.range ?? null, filter }, parameters);
      const older = after === null ? '' : `AND i.id < ${parameters.add(uuidFromId(after))}`;
      const sql = `SELECT i.* FROM inference i WHERE ${conditions} ${older} ORDER BY i.id DESC LIMIT ${parameters.add(limit)}`;
      return unitOfWork.asOrganization(scope.organizationId, async (manager) => {
        const rows = await manager.query<ReadInferenceRow[]>(sql, [...parameters.values]);
        return readRecords(manager, scope.organizationId, rows);
      });
    },
  };
}
