import type { EmbeddingPurpose } from '../../core/vocabulary.js';
import { declareEnum } from '../declare-enum.js';

export const EmbeddingPurposeEnum = declareEnum<EmbeddingPurpose>(
  'EmbeddingPurpose',
  'What vectors are for; some models make others for each.',
  {
    QUERY: 'To look for documents with.',
    DOCUMENT: 'To be found by queries.',
    SIMILARITY: 'To be compared with one another.',
    CLASSIFICATION: 'To be told apart by a classifier.',
    CLUSTERING: 'To be put into groups.',
  },
);
