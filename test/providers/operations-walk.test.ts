import { describe, expect, test } from '@jest/globals';
import type { OperationCall, OperationName } from '../../src/core/operations.js';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { Untranslatable } from '../../src/providers/contract.js';
import type { ChatRequest } from '../../src/providers/contract.js';
import { PRESETS } from '../../src/providers/presets.js';
import { embedding, image, moderation, operationOf, reranking, speech, transcription } from './operations-support.js';

/** A call of each operation, and every option that it can hold besides. */
const WALKED: { readonly [Name in OperationName]: readonly [OperationCall, Readonly<Record<string, OperationCall>>] } = {
  EMBEDDING: [
    embedding({ texts: ['one'] }),
    {
      dimensions: embedding({ texts: ['one'], dimensions: 256 }),
      ...Object.fromEntries(
        (['QUERY', 'DOCUMENT', 'SIMILARITY', 'CLASSIFICATION', 'CLUSTERING'] as const).map((purpose) => [
          `purpose ${purpose}`,
          embedding({ texts: ['one'], purpose }),
        ]),
      ),
      user: embedding({ texts: ['one'], user: 'ann' }),
    },
  ],
  IMAGE: [
    image(),
    {
      count: image({ count: 2 }),
      size: image({ size: '1024x1536' }),
      'quality LOW': image({ quality: 'LOW' }),
      'quality HIGH': image({ quality: 'HIGH' }),
      'format JPEG': image({ format: 'JPEG' }),
      'format WEBP': image({ format: 'WEBP' }),
      user: image({ user: 'ann' }),
    },
  ],
  SPEECH: [
    speech(),
    {
      'format OPUS': speech({ format: 'OPUS' }),
      'format PCM': speech({ format: 'PCM' }),
      speed: speech({ speed: 2 }),
      instructions: speech({ instructions: 'slowly' }),
      user: speech({ user: 'ann' }),
    },
  ],
  TRANSCRIPTION: [
    transcription(),
    {
      language: transcription({ language: 'en' }),
      prompt: transcription({ prompt: 'herons' }),
      timestamps: transcription({ timestamps: true }),
      user: transcription({ user: 'ann' }),
    },
  ],
  MODERATION: [moderation(), { user: moderation({ user: 'ann' }) }],
  RERANK: [reranking(), { topN: reranking({ topN: 1 }), user: reranking({ user: 'ann' }) }],
};

/** Where a vendor's models are asked in words of their own, one of each kind. */
const MODELS: Readonly<Record<string, Readonly<Partial<Record<OperationName, readonly string[]>>>>> = {
  BEDROCK_CONVERSE: {
    EMBEDDING: [
      ...['amazon.titan-embed-text-v2:0', 'amazon.titan-embed-text-v1', 'amazon.titan-embed-image-v1'],
      ...['amazon.nova-2-multimodal-embeddings-v1:0', 'cohere.embed-v4:0', 'cohere.embed-english-v3'],
    ],
    IMAGE: ['amazon.nova-canvas-v1:0', 'amazon.titan-image-generator-v2:0', 'stability.stable-image-core-v1:1'],
    RERANK: ['cohere.rerank-v3-5:0', 'amazon.rerank-v1:0'],
  },
};

/** What is so anyhow: the usual word of what a call can leave open, and the one form in which models speak. */
const SO_ANYHOW: ReadonlySet<string> = new Set(['OPENAI_CHAT purpose DOCUMENT', 'BEDROCK_CONVERSE purpose DOCUMENT', 'GEMINI format PCM']);

const said = ({ path, body, payload }: ChatRequest) => JSON.stringify([path, body, payload === undefined ? null : bytesOf(payload)]);

/** A payload may be in pieces, and its boundary depends on what it holds. */
function bytesOf(payload: NonNullable<ChatRequest['payload']>): string {
  const pieces: readonly Uint8Array[] = payload.bytes instanceof Uint8Array ? [payload.bytes] : payload.bytes;
  return Buffer.concat(pieces)
    .toString('latin1')
    .replace(/glidepath-\w+/g, '');
}

interface Place {
  readonly preset: string | null;
  readonly wireFormat: WireFormat;
  readonly baseUrl?: string;
}

const plain: readonly Place[] = [...WIRE_FORMAT_ADAPTERS.keys()].map((wireFormat) => ({ preset: null, wireFormat }));
const named: readonly Place[] = PRESETS.map(({ name, wireFormat, baseUrl }) => ({
  ...{ preset: name, wireFormat },
  ...(baseUrl?.includes('://') === true ? { baseUrl } : {}),
}));

const rows = [...plain, ...named].flatMap((place) => {
  const offered = PRESETS.find(({ name }) => name === place.preset)?.operations;
  const built = Object.keys(WIRE_FORMAT_ADAPTERS.get(place.wireFormat)?.operations ?? {}) as OperationName[];
  return built
    .filter((name) => offered === undefined || offered.includes(name))
    .flatMap((name) =>
      (MODELS[place.wireFormat]?.[name] ?? ['acme-large']).flatMap((upstreamModel) =>
        Object.keys(WALKED[name][1]).map((option) => ({ ...place, name, upstreamModel, option })),
      ),
    );
});

describe('P12 no option of an operation is dropped in silence', () => {
  test.each(rows)('$preset $wireFormat $name $upstreamModel: $option', ({ name, option, wireFormat, ...target }) => {
    const { request } = operationOf(wireFormat, name);
    const [without, options] = WALKED[name];
    const call = options[option];
    if (call === undefined) throw new Error(`no call for ${option}`);
    const bare = request(without, { target });
    let asked: ChatRequest;
    try {
      asked = request(call, { target });
    } catch (error) {
      expect(error).toBeInstanceOf(Untranslatable);
      return;
    }
    const [field = ''] = option.split(' ');
    const more = asked.warnings.filter((warning) => !bare.warnings.includes(warning));
    const told = more.filter((warning) => warning.includes(field));
    const isSaid = said(asked) !== said(bare) || SO_ANYHOW.has(`${wireFormat} ${option}`);
    expect(isSaid || told.length > 0).toBe(true);
    // What is told without need is no better.
    expect(more).toEqual(told);
  });
});
