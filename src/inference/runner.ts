import type { CallJournal } from '../accounting/journal/contract.js';
import type { ContentKeeper } from '../cache/contract.js';
import { hasContent } from '../core/answer.js';
import type { AssistantMessage } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { CompletionState, InferenceRecord } from '../core/inference.js';
import type { Logger } from '../core/logger.js';
import type { DispatchOutcome, Router } from '../routing/contract.js';
import type { Finalizer } from './finalizer.js';
import { journaledWatch } from './journaling.js';
import { keepContent } from './keeping.js';
import type { CompletionRegistry } from './registry.js';
import { contentExpiry, retentionOf } from './retention.js';
import type { RunningCompletion } from './running.js';
import { dispatchToSchema } from './structured/conform.js';
import { schemaCall } from './structured/schemas.js';
import type { AnswerSchemas } from './structured/schemas.js';

export interface RunnerDependencies {
  readonly router: Router;
  readonly finalizer: Finalizer;
  readonly registry: CompletionRegistry;
  readonly keeper: ContentKeeper;
  readonly schemas: AnswerSchemas;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Without one, what a killed process was at is not billed. */
  readonly journal?: CallJournal;
}

/** What is known of a dispatch that broke a promise of its own. */
const UNKNOWN_OUTCOME: DispatchOutcome = { status: 'failed', attempts: [], warnings: [], pausedMs: 0 };

/** Takes a begun completion to its end: dispatch, settle, conclude. Returns its settled state, and never throws. */
export async function run(completion: RunningCompletion, dependencies: RunnerDependencies): Promise<CompletionState> {
  const { registry, finalizer } = dependencies;
  const outcome = await dispatch(completion, dependencies);
  const record = settle(completion, outcome, dependencies);
  const retention = retentionOf(completion.start);
  const { keptMs, contentState } = retention;
  const contentExpiresAt = contentExpiry(retention, record.endedAt ?? dependencies.clock.now());
  const state = { record: { ...record, contentState, contentExpiresAt }, message: messageOf(record, outcome), ...resultOf(outcome) };
  completion.conclude(state);
  registry.end(record.id, { state, log: completion.log }, keptMs);
  const final = finalizer.final(completion);
  if (final) void keepFinal(final, { completion, state }, dependencies);
  else keepContent(completion, state, dependencies);
  return state;
}

/** What was read on for its true usage: memory tells it when it is known, and the words are stored beside the row that then stands. */
async function keepFinal(
  final: Promise<InferenceRecord>,
  { completion, state }: { readonly completion: RunningCompletion; readonly state: CompletionState },
  dependencies: RunnerDependencies,
): Promise<void> {
  const { id } = state.record;
  if (completion.start.keyed) dependencies.registry.draining.add(id);
  try {
    const { usage, cost, attempts, warnings } = await final;
    const corrected = { ...state, record: { ...state.record, usage, cost, attempts, warnings } };
    dependencies.registry.end(id, { state: corrected, log: completion.log }, retentionOf(completion.start).keptMs);
  } catch (error) {
    dependencies.logger.error({ err: error, completionId: id }, 'the final settlement failed; booked as it was told');
  }
  keepContent(completion, state, dependencies);
  dependencies.registry.draining.delete(id);
}

async function dispatch(completion: RunningCompletion, dependencies: RunnerDependencies): Promise<DispatchOutcome> {
  const { start, plan, watch } = completion;
  const { router, journal, logger } = dependencies;
  const asked = schemaCall(start.call);
  try {
    if (asked) return await dispatchToSchema(asked, completion, dependencies);
    return await router.dispatch(start.call, plan, journal ? journaledWatch(completion, journal) : watch);
  } catch (error) {
    logger.error({ err: error, completionId: start.id }, 'dispatch failed unexpectedly');
    return UNKNOWN_OUTCOME;
  }
}

function settle(completion: RunningCompletion, outcome: DispatchOutcome, { finalizer, logger }: RunnerDependencies): InferenceRecord {
  try {
    return finalizer.settle(completion, outcome);
  } catch (error) {
    // A row that says less is better than none: without attempts there is nothing left that could fail.
    logger.error({ err: error, completionId: completion.start.id }, 'settlement failed unexpectedly');
    return finalizer.settle(completion, UNKNOWN_OUTCOME);
  }
}

/** What was said, also where it was cut short; null where nothing was. */
function messageOf(record: InferenceRecord, { attempts }: DispatchOutcome): AssistantMessage | null {
  const answer = attempts.at(-1)?.answer;
  return answer && !answer.result && (hasContent(answer) || record.status === 'SUCCEEDED') ? answer.message : null;
}

function resultOf({ attempts }: DispatchOutcome): Pick<CompletionState, 'result'> {
  const result = attempts.at(-1)?.answer.result;
  return result ? { result } : {};
}
