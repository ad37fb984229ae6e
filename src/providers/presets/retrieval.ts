import type { Preset } from '../preset.js';

/** Vendors of what search is made of: vectors, and the order of what was found. */
export const RETRIEVAL_PRESETS: readonly Preset[] = [
  // https://docs.voyageai.com/reference/embeddings-api
  {
    name: 'voyage',
    displayName: 'Voyage AI',
    wireFormat: 'OPENAI_CHAT',
    baseUrl: 'https://api.voyageai.com/v1',
    environmentVariable: null,
    allowPrivateNetwork: false,
    needsCredential: true,
    operations: ['EMBEDDING', 'RERANK'],
    models: [
      { model: 'voyage-4-large', operation: 'EMBEDDING' },
      { model: 'voyage-4', operation: 'EMBEDDING' },
      { model: 'voyage-4-lite', operation: 'EMBEDDING' },
      { model: 'voyage-code-3', operation: 'EMBEDDING' },
    ],
    quirks: {
      operationFields: { EMBEDDING: { dimensions: 'output_dimension', user: null }, RERANK: { top_n: 'top_k' } },
      operationConstants: { EMBEDDING: { truncation: false }, RERANK: { truncation: false } },
      embeddingPurposes: { field: 'input_type', words: { QUERY: 'query', DOCUMENT: 'document' } },
    },
  },
  // https://jina.ai/embeddings
  {
    name: 'jina',
    displayName: 'Jina AI',
    wireFormat: 'OPENAI_CHAT',
    baseUrl: 'https://api.jina.ai/v1',
    environmentVariable: null,
    allowPrivateNetwork: false,
    needsCredential: true,
    operations: ['EMBEDDING', 'RERANK'],
    models: [
      { model: 'jina-embeddings-v3', operation: 'EMBEDDING' },
      { model: 'jina-reranker-v2-base-multilingual', operation: 'RERANK' },
    ],
    quirks: {
      operationFields: { EMBEDDING: { user: null } },
      embeddingPurposes: {
        field: 'task',
        words: {
          QUERY: 'retrieval.query',
          DOCUMENT: 'retrieval.passage',
          SIMILARITY: 'text-matching',
          CLASSIFICATION: 'classification',
          CLUSTERING: 'separation',
        },
      },
    },
  },
];
