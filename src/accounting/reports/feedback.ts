import type { Clock } from '../../core/clock.js';
import { fail, invalidRequest, notFound, ok } from '../../core/errors.js';
import { newId } from '../../core/ids.js';
import type { InferenceId } from '../../core/ids.js';
import { createInputChecks } from '../../core/input-checks.js';
import type { InputChecks } from '../../core/input-checks.js';
import type { Principal } from '../../core/principal.js';
import type { Feedback, FeedbackBook, FeedbackInput } from './contract.js';
import type { FeedbackStore } from './feedback.store.js';

export interface FeedbackDependencies {
  readonly store: FeedbackStore;
  readonly clock: Clock;
  /** The id of an inference that the principal may see, wherever it is: running, waiting to be booked, in the books. */
  readonly findInference: (principal: Principal, id: string) => Promise<InferenceId | null>;
}

const MAX_LABEL_LENGTH = 100;
const MAX_COMMENT_LENGTH = 2_000;
/** Of one inference: enough for everybody who sees an answer, and few enough to be listed whole. */
const MAX_RATINGS = 100;

export function createFeedbackBook({ store, clock, findInference }: FeedbackDependencies): FeedbackBook {
  return {
    async record(principal, input) {
      const checks = createInputChecks();
      checkFeedback(input, checks);
      if (checks.problems.length > 0) return fail(invalidRequest(checks.problems));
      const inferenceId = await findInference(principal, input.inferenceId);
      if (inferenceId === null) return fail(notFound('inference', input.inferenceId));
      const { value, weight, label, comment } = input;
      const given = { value, weight: weight ?? 1, label: label ?? null, comment: comment ?? null };
      const feedback: Feedback = { ...given, id: newId('feedback'), inferenceId, createdAt: clock.now() };
      if (await store.insert(feedback, principal, MAX_RATINGS)) return ok(feedback);
      return fail(invalidRequest([{ path: 'inferenceId', message: `has ${MAX_RATINGS} ratings already, and takes no more` }]));
    },
    async byInference(organizationId, ids) {
      const found = new Map<InferenceId, Feedback[]>(ids.map((id) => [id, []]));
      if (ids.length === 0) return found;
      for (const feedback of await store.ofInferences(organizationId, ids)) found.get(feedback.inferenceId)?.push(feedback);
      return found;
    },
  };
}

function checkFeedback({ value, weight, label, comment }: FeedbackInput, checks: InputChecks): void {
  if (!(value >= -1 && value <= 1)) checks.add('value', 'must be from -1 to 1');
  if (weight != null && !(weight >= 0 && weight <= 1)) checks.add('weight', 'must be from 0 to 1');
  if (label != null) checks.text('label', label, MAX_LABEL_LENGTH);
  if (comment == null) return;
  if (comment.length > MAX_COMMENT_LENGTH) checks.add('comment', `must have at most ${MAX_COMMENT_LENGTH} characters`);
  else if (comment.includes('\0')) checks.add('comment', 'must not hold NUL');
}
