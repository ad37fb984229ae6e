import type { CompletionState, InferenceRecord } from '../../core/inference.js';
import type { Operation } from '../../core/vocabulary.js';
import { Completion } from '../inference/completion.js';
import type { Inference } from '../inference/inference.js';
import { Embedding } from './embedding.js';
import { ImageGeneration } from './image-generation.js';
import { Moderation } from './moderation.js';
import { Reranking } from './reranking.js';
import { SpeechSynthesis } from './speech-synthesis.js';
import { Transcription } from './transcription.js';

const TYPES: Readonly<Record<Operation, new (state: CompletionState, hasWords?: boolean) => Inference>> = {
  COMPLETION: Completion,
  EMBEDDING: Embedding,
  IMAGE: ImageGeneration,
  SPEECH: SpeechSynthesis,
  TRANSCRIPTION: Transcription,
  MODERATION: Moderation,
  RERANK: Reranking,
};

/** An inference as the type of its operation. */
export function toInference(state: CompletionState): Inference {
  return new TYPES[state.record.operation](state);
}

/** Of a record alone: what it came to is read when it is asked for, for all of a page at once. */
export function inferenceOf(record: InferenceRecord): Inference {
  return new TYPES[record.operation]({ record, message: null }, false);
}
