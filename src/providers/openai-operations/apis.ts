import type { OperationApis } from '../contract.js';
import { openAiEmbeddings } from './embeddings.js';

/** What stands beside chat below the same base URL, whichever form of chat a provider is spoken to in. */
export const openAiOperations: OperationApis = { EMBEDDING: openAiEmbeddings };
