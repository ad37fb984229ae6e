import type { AudioFormat, EmbeddingPurpose, ImageFormat, ImageQuality } from '../../core/vocabulary.js';
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

export const ImageFormatEnum = declareEnum<ImageFormat>('ImageFormat', 'What kind of file a picture is.', {
  PNG: 'Lossless.',
  JPEG: 'Small, for photographs.',
  WEBP: 'Smaller still.',
});

export const ImageQualityEnum = declareEnum<ImageQuality>('ImageQuality', 'How much care a picture gets; tokens and cost grow with it.', {
  LOW: 'A draft.',
  MEDIUM: 'The usual.',
  HIGH: 'The best the model can do.',
});

export const AudioFormatEnum = declareEnum<AudioFormat>('AudioFormat', 'What kind of file a recording is.', {
  MP3: 'Plays everywhere.',
  OPUS: 'Small, for the network.',
  AAC: 'For phones and video.',
  FLAC: 'Lossless, compressed.',
  WAV: 'Lossless, not compressed.',
  PCM: 'Bare samples: 24 kHz, 16 bit, little-endian, mono.',
});
