import type { ProviderTarget } from '../contract.js';

/** What is known of a model: the vendor's name for it, or where that is opaque (a tuned model's number) the model's slug. */
type Named = Pick<ProviderTarget, 'upstreamModel' | 'model'>;

const TELLING = /gemini|embedding|gemma/;

function nameOf({ upstreamModel, model }: Named): string {
  const upstream = upstreamModel.toLowerCase();
  return TELLING.test(upstream) ? upstream : model.toLowerCase();
}

/** How models that make vectors are told what the vectors are for, and by which method Google Cloud has them. */
export interface EmbeddingFamily {
  readonly purposes: 'taskType' | 'inText';
  readonly cloudMethod: 'predict' | 'embedContent';
}

/** https://ai.google.dev/gemini-api/docs/embeddings, and for the methods the vendor's SDK (2.32, `tIsVertexEmbedContentModel`). */
export function embeddingFamilyOf(named: Named): EmbeddingFamily {
  const isNew = /gemini-embedding-(?!001)/.test(nameOf(named));
  return isNew ? { purposes: 'inText', cloudMethod: 'embedContent' } : { purposes: 'taskType', cloudMethod: 'predict' };
}

/** The sides, in pixels, of the squares that a model makes, by the vendor's words for them. */
export type ImageSizes = Readonly<Record<string, number>>;

const SMALL: ImageSizes = { '1K': 1_024 };
const ALL: ImageSizes = { ...SMALL, '2K': 2_048, '4K': 4_096 };

/** https://ai.google.dev/gemini-api/docs/image-generation */
export function imageSizesOf(named: Named): ImageSizes {
  return /gemini-2\.|flash-lite-image/.test(nameOf(named)) ? SMALL : ALL;
}

/**
 * Since 3.8 models read their text as it stands, and take style and voices of one's own beside it; a name without a version is
 * taken for a new one: https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/text-to-speech/migration-guide
 */
export function takesStyleBesideText(named: Named): boolean {
  const [, major = '9', minor = '0'] = /gemini-(\d+)(?:\.(\d+))?/.exec(nameOf(named)) ?? [];
  return Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 8);
}

/** Made for nothing but that, without instructions: https://ai.google.dev/gemini-api/docs/generate-content/transcribe */
export function isTranscriber(named: Named): boolean {
  return nameOf(named).includes('transcribe');
}
