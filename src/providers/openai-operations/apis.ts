import type { OperationApis } from '../contract.js';
import { openAiEmbeddings } from './embeddings.js';
import { openAiImages } from './images.js';
import { openAiModerations } from './moderations.js';
import { rerank } from './rerank.js';
import { openAiSpeech } from './speech.js';
import { openAiTranscriptions } from './transcriptions.js';

/** What stands beside chat below the same base URL, whichever form of chat a provider is spoken to in. */
export const openAiOperations: OperationApis = {
  EMBEDDING: openAiEmbeddings,
  IMAGE: openAiImages,
  SPEECH: openAiSpeech,
  TRANSCRIPTION: openAiTranscriptions,
  MODERATION: openAiModerations,
  RERANK: rerank,
};
