import { parseInferenceId, uuidFromId } from '../core/ids.js';
import type { NoticeBoard } from '../storage/notices.js';
import { tellReplicas } from '../storage/notices.js';
import type { UnitOfWork } from '../storage/unit-of-work.js';
import type { CancelRequests } from './contract.js';

export interface CancelRequestsDependencies {
  readonly unitOfWork: UnitOfWork;
  readonly notices: Pick<NoticeBoard, 'on'>;
}

const ASK = `
INSERT INTO cancellation (inference_id, organization_id, requested_at) VALUES ($1, $2, clock_timestamp())
ON CONFLICT (inference_id) DO NOTHING`;

const TAKE = `
WITH taken AS (DELETE FROM cancellation WHERE inference_id = ANY($1::uuid[]) RETURNING inference_id)
SELECT inference_id FROM taken`;

/** A row for the one that runs it, and a notice, so that it looks at once. */
export function createCancelRequests({ unitOfWork, notices }: CancelRequestsDependencies): CancelRequests {
  return {
    ask: (organizationId, id) =>
      unitOfWork.asOrganization(organizationId, async (manager) => {
        await manager.query(ASK, [uuidFromId(id), uuidFromId(organizationId)]);
        await tellReplicas(manager, 'cancellation', id);
      }),
    async take(ids) {
      if (ids.length === 0) return [];
      const rows = await unitOfWork.asWriter((manager) => manager.query<{ inference_id: string }[]>(TAKE, [ids.map(uuidFromId)]));
      const taken = new Set(rows.map((row) => row.inference_id));
      return ids.filter((id) => taken.has(uuidFromId(id)));
    },
    onAsked: (listener) =>
      notices.on('cancellation', (payload) => {
        const id = parseInferenceId(payload);
        if (id !== null) listener(id);
      }),
  };
}
