import { idFromUuid, uuidFromId } from '../../core/ids.js';
import type { ApiKeyId, InferenceId, OrganizationId } from '../../core/ids.js';
import { Feedback as FeedbackEntity } from '../../storage/entities/feedback.js';
import type { UnitOfWork } from '../../storage/unit-of-work.js';
import { In } from 'typeorm';
import type { Feedback } from './contract.js';

export interface FeedbackStore {
  insert(organizationId: OrganizationId, apiKeyId: ApiKeyId, feedback: Feedback): Promise<void>;
  /** Oldest first. */
  ofInferences(organizationId: OrganizationId, ids: readonly InferenceId[]): Promise<readonly Feedback[]>;
}

export function createFeedbackStore(unitOfWork: UnitOfWork): FeedbackStore {
  return {
    insert: (organizationId, apiKeyId, feedback) =>
      unitOfWork.asOrganization(organizationId, async (manager) => {
        await manager.insert(FeedbackEntity, {
          ...feedback,
          id: uuidFromId(feedback.id),
          organizationId: uuidFromId(organizationId),
          inferenceId: uuidFromId(feedback.inferenceId),
          apiKeyId: uuidFromId(apiKeyId),
        });
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
