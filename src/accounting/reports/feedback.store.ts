import { idFromUuid, uuidFromId } from '../../core/ids.js';
import type { ApiKeyId, InferenceId, OrganizationId } from '../../core/ids.js';
import { Feedback as FeedbackEntity } from '../../storage/entities/feedback.js';
import { lowestIdAt } from '../../storage/partitions.js';
import type { UnitOfWork } from '../../storage/unit-of-work.js';
import { In } from 'typeorm';
import type { Feedback } from './contract.js';

export interface FeedbackStore {
  /** False where the inference has `most` already: then it was not taken. */
  insert(feedback: Feedback, by: FeedbackAuthor, most: number): Promise<boolean>;
  /** Oldest first. */
  ofInferences(organizationId: OrganizationId, ids: readonly InferenceId[]): Promise<readonly Feedback[]>;
}

export interface FeedbackAuthor {
  readonly organizationId: OrganizationId;
  readonly apiKeyId: ApiKeyId;
}

/** Until the transaction ends: what is counted is what there is. */
const ONE_AT_A_TIME = `SELECT pg_advisory_xact_lock(hashtextextended('glidepath feedback ' || $1, 0))`;

export function createFeedbackStore(unitOfWork: UnitOfWork): FeedbackStore {
  return {
    insert: (feedback, { organizationId, apiKeyId }, most) =>
      unitOfWork.asOrganization(organizationId, async (manager) => {
        const row = {
          ...feedback,
          id: uuidFromId(feedback.id),
          organizationId: uuidFromId(organizationId),
          inferenceId: uuidFromId(feedback.inferenceId),
          apiKeyId: uuidFromId(apiKeyId),
        };
        await manager.query(ONE_AT_A_TIME, [row.inferenceId]);
        const known = await manager.countBy(FeedbackEntity, { organizationId: row.organizationId, inferenceId: row.inferenceId });
        if (known < most) await manager.insert(FeedbackEntity, row);
        return known < most;
      }),
    ofInferences: (organizationId, ids) =>
      unitOfWork.asOrganization(organizationId, async (manager) => {
        const where = { organizationId: uuidFromId(organizationId), inferenceId: In(ids.map(uuidFromId)) };
        const named = new Map(ids.map((id) => [uuidFromId(id), id]));
        const rows = await manager.find(FeedbackEntity, { where, order: { id: 'ASC' } });
        return rows.flatMap((row) => feedbackFrom(row, named.get(row.inferenceId)) ?? []);
      }),
  };
}

/** `inferenceId`: the one that was asked for; its prefix is its operation's, which a rating does not know. */
function feedbackFrom({ id, value, weight, label, comment, createdAt }: FeedbackEntity, inferenceId?: InferenceId): Feedback | null {
  return inferenceId === undefined ? null : { id: idFromUuid('feedback', id), inferenceId, value, weight, label, comment, createdAt };
}

/** Rows in one transaction, so that a purge holds no locks for long. */
const BATCH = 1_000;

const DELETE_ORPHANS = `
WITH gone AS (
  DELETE FROM feedback WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM feedback
    WHERE inference_id < $1 AND NOT EXISTS (SELECT 1 FROM inference WHERE inference.id = feedback.inference_id)
    LIMIT $2 FOR UPDATE SKIP LOCKED
  )) RETURNING 1
) SELECT count(*)::int AS count FROM gone`;

/**
 * Ratings live as long as what they rate: deletes those of inferences from before that instant that the ledger no longer has.
 * A call can be rated before its row is booked, so the instant must leave time for that. Tells how many there were.
 */
export async function deleteOrphanedFeedback(unitOfWork: UnitOfWork, before: Date): Promise<number> {
  let total = 0;
  for (let count = BATCH; count === BATCH; total += count)
    count = await unitOfWork.asWriter(async (manager) => {
      const [row] = await manager.query<{ count: number }[]>(DELETE_ORPHANS, [lowestIdAt(before), BATCH]);
      return row?.count ?? 0;
    });
  return total;
}
