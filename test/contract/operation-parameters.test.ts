import { describe, expect, test } from '@jest/globals';
import type { CallOf, CallTerms, OperationCall, OperationName } from '../../src/core/operations.js';
import { EMBEDDING_PURPOSES, IMAGE_QUALITIES } from '../../src/core/vocabulary.js';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { Untranslatable } from '../../src/providers/contract.js';
import type { ChatRequest, OperationApi, ProviderTarget } from '../../src/providers/contract.js';
import { PRESETS } from '../../src/providers/presets.js';
import { embedding, image, moderation, reranking, speech, transcription } from '../providers/operations-support.js';
import { makeTarget } from '../providers/support.js';

/** What every vendor takes of each operation. */
const PLAIN: { readonly [Name in OperationName]: OperationCall } = {
  EMBEDDING: embedding({ texts: ['one'] }),
  IMAGE: image(),
  SPEECH: speech({ format: 'WAV' }),
  TRANSCRIPTION: transcription(),
  MODERATION: moderation({ texts: ['one'] }),
  RERANK: reranking(),
};

const EVERYWHERE = { user: 'ann', providerOptions: { acme: { odd_field: 'odd value' } } };

/** Without these there would be no call. */
interface Essence {
  readonly EMBEDDING: 'texts';
  readonly IMAGE: 'prompt';
  readonly SPEECH: 'text';
  readonly TRANSCRIPTION: 'audio';
  readonly MODERATION: 'texts';
  readonly RERANK: 'query' | 'documents';
}

type Asking<Call> = { readonly [Name in keyof Call]: readonly Call[Name][] };

/** Every other parameter, as what asks for something, each word of its own; one that is missing here does not compile. */
const PARAMETERS: { readonly [Name in OperationName]: Asking<Omit<CallOf<Name>, keyof CallTerms | 'operation' | Essence[Name]>> } = {
  EMBEDDING: { dimensions: [64], purpose: EMBEDDING_PURPOSES },
  IMAGE: { count: [2], size: ['1024x1536', '1000x7'], quality: IMAGE_QUALITIES, format: ['JPEG', 'WEBP'] },
  SPEECH: { format: ['OPUS', 'MP3'], speed: [1.5], instructions: ['Whisper'], voice: ['verse'] },
  TRANSCRIPTION: { language: ['de'], prompt: ['grey herons'], timestamps: [true] },
  MODERATION: {},
  RERANK: { topN: [1] },
};

const changesOf = (operation: OperationName) => [
  ...Object.entries<unknown>(EVERYWHERE),
  ...Object.entries<readonly unknown[]>(PARAMETERS[operation]).flatMap(([name, values]) => values.map((value) => [name, value] as const)),
];

/** Where models want a purpose in every call, vectors of documents are what nobody needs to ask for. */
const USUAL: ReadonlySet<unknown> = new Set(['DOCUMENT']);

/** Models of each family, where a wire format knows some. */
const FAMILIES: Readonly<Partial<Record<WireFormat, Readonly<Partial<Record<OperationName, readonly string[]>>>>>> = {
  GEMINI: {
    EMBEDDING: ['gemini-embedding-001', 'gemini-embedding-2'],
    IMAGE: ['gemini-3-pro-image', 'gemini-3.1-flash-lite-image'],
    SPEECH: ['gemini-3.8-flash-tts', 'gemini-2.5-flash-tts'],
    TRANSCRIPTION: ['gemini-3.5-transcribe', 'gemini-3.8-flash'],
  },
  BEDROCK_CONVERSE: {
    EMBEDDING: [
      ...['amazon.titan-embed-text-v2:0', 'amazon.titan-embed-text-v1', 'amazon.titan-embed-image-v1'],
      ...['amazon.nova-2-multimodal-embeddings-v1:0', 'cohere.embed-v4:0', 'cohere.embed-english-v3'],
    ],
    IMAGE: ['amazon.nova-canvas-v1:0', 'amazon.titan-image-generator-v2:0', 'stability.sd3-5-large-v1:0'],
    RERANK: ['cohere.rerank-v3-5:0', 'amazon.rerank-v1:0'],
  },
};

interface Asked {
  readonly api: OperationApi;
  readonly target: ProviderTarget;
}

/** A request with everything that is sent of it; the words where the call is refused. */
function ask({ api, target }: Asked, call: OperationCall) {
  try {
    const { warnings, payload, ...sent }: ChatRequest = api.toRequest(call, target, { stream: false, refusedParameters: new Set() });
    const text = payload === undefined ? '' : Buffer.concat(payload.bytes).toString('latin1');
    return { sent: JSON.stringify(sent) + text, warnings };
  } catch (error) {
    if (error instanceof Untranslatable) return { sent: null, warnings: [error.message] };
    throw error;
  }
}

const asked = PRESETS.flatMap((preset) => {
  const { wireFormat, operations = [] } = preset;
  return operations.flatMap((operation) => {
    const api: OperationApi | undefined =
      operation === 'COMPLETION' ? undefined : WIRE_FORMAT_ADAPTERS.get(wireFormat)?.operations?.[operation];
    if (operation === 'COMPLETION' || api === undefined) return [];
    const models = FAMILIES[wireFormat]?.[operation] ?? [
      preset.models.find((model) => model.operation === operation)?.model ?? 'acme-large',
    ];
    return models.map((upstreamModel) => ({
      ...{ preset: preset.name, operation, upstreamModel, api },
      target: makeTarget({
        wireFormat,
        preset: preset.name,
        upstreamModel,
        ...(preset.baseUrl === null ? {} : { baseUrl: preset.baseUrl }),
      }),
    }));
  });
});

test('every operation that some vendor offers is walked', () => {
  expect(new Set(asked.map(({ operation }) => operation)).size).toBe(Object.keys(PARAMETERS).length);
  expect(asked.length).toBeGreaterThan(40);
});

describe.each(asked.map((each) => [each.preset, each.operation, each.upstreamModel, each] as const))('%s, %s of %s', (_preset, operation, _model, one) => {
  test('takes a plain call without a word', () => {
    expect(ask(one, PLAIN[operation])).toEqual({ sent: expect.any(String), warnings: [] });
  });

  test.each(changesOf(operation))('P12 %s: %j is sent, told or refused, never dropped in silence', (name, value) => {
    const plain = ask(one, PLAIN[operation]);
    const { sent, warnings } = ask(one, { ...PLAIN[operation], [name]: value });
    if (sent === plain.sent && USUAL.has(value)) return;
    if (sent === plain.sent) expect(warnings).toContainEqual(expect.stringMatching(new RegExp(name, 'i')));
    else if (sent === null) expect(warnings.join()).not.toBe('');
    else if (name === 'providerOptions') expect(sent).toContain('odd_field');
    // What is told without need is no better.
    else expect(warnings.filter((warning) => !new RegExp(name, 'i').test(warning))).toEqual([]);
  });
}); // prettier-ignore
