import { uuidFromId } from '../../core/ids.js';
import type { InferenceRecord } from '../../core/inference.js';
import type { UnitOfWork } from '../../storage/unit-of-work.js';
import type { ReadInferenceRow } from '../ledger-rows.js';
import { readRecords } from '../ledger.store.js';
import { conditionsOf, createParameters } from './conditions.store.js';
import type { TimeRange } from './contract.js';
import type { Scope } from './plan.js';

export interface PastCallsQuestion {
  readonly scope: Scope;
  /** As callers wrote it. */
  readonly model: string;
  readonly range: TimeRange;
  readonly limit: number;
  /** Only what is younger than this; null: from the range's begin on. */
  readonly after: Pick<InferenceRecord, 'id' | 'createdAt'> | null;
}

export interface PastCallsStore {
  /** What has ended of the calls that named this model or route, the oldest first. The same few statements whatever the page's size. */
  pastCalls(question: PastCallsQuestion): Promise<readonly InferenceRecord[]>;
}

export function createPastCallsStore(unitOfWork: UnitOfWork): PastCallsStore {
  return {
    pastCalls({ scope, model, range, limit, after }) {
      const parameters = createParameters();
      const conditions = [conditionsOf({ scope, range, filter: { requestedModels: [model] } }, parameters), `i.status <> 'RUNNING'`];
      if (after) {
        const [at, id] = [parameters.add(after.createdAt), parameters.add(uuidFromId(after.id))];
        conditions.push(`(i.created_at, i.id) > (${at}::timestamptz, ${id}::uuid)`);
      }
      const where = conditions.join(' AND ');
      const sql = `SELECT i.* FROM inference i WHERE ${where} ORDER BY i.created_at, i.id LIMIT ${parameters.add(limit)}`;
      return unitOfWork.asOrganization(scope.organizationId, async (manager) => {
        const rows = await manager.query<ReadInferenceRow[]>(sql, [...parameters.values]);
        return readRecords(manager, scope.organizationId, rows);
      });
    },
  };
}
