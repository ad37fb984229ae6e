import type { CompletionState, InferenceRecord } from '../../core/inference.js';
import type { Operation } from '../../core/vocabulary.js';
import { Completion } from '../inference/completion.js';
import type { Inference } from '../inference/inference.js';
import { Embedding } from './embedding.js';

const TYPES: Readonly<Record<Operation, new (state: CompletionState, hasWords?: boolean) => Inference>> = {
  COMPLETION: Completion,
  EMBEDDING: Embedding,
};

/** An inference as the type of its operation. */
export function toInference(state: CompletionState): Inference {
  return new TYPES[state.record.operation](state);
}

/** Of a record alone: what it came to is read when it is asked for, for all of a page at once. */
export function inferenceOf(record: InferenceRecord): Inference {
  return new TYPES[record.operation]({ record, message: null }, false);
}
