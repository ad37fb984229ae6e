import type { UpstreamHandler } from './scripted-upstream.js';

/** One operation beside completions, as a test of them all needs it. */
export interface OperationCase {
  readonly operation: string;
  /** The mutation, its input type, and the type of its answer. */
  readonly field: string;
  readonly input: string;
  readonly type: string;
  /** Fields of that type beyond those of every inference. */
  readonly selection: string;
  readonly asked: Readonly<Record<string, unknown>>;
  /** Another call, under the same key. */
  readonly askedElse: Readonly<Record<string, unknown>>;
  readonly rates: readonly { readonly component: string; readonly amount: string; readonly per?: number }[];
  /** Below the upstream's base URL. */
  readonly path: string;
  readonly answer: UpstreamHandler;
  /** What the answer comes to. */
  readonly result: Readonly<Record<string, unknown>>;
  readonly usage: Readonly<Record<string, unknown>>;
  readonly cost: string;
  /** Inputs that are refused, with the paths of their problems. */
  readonly wrong: readonly (readonly [Readonly<Record<string, unknown>>, readonly string[]])[];
}

export const EMBED: OperationCase = {
  operation: 'EMBEDDING',
  field: 'embed',
  input: 'EmbedInput',
  type: 'Embedding',
  selection: 'vectors warnings',
  asked: { texts: ['one', 'two words'], dimensions: 3 },
  askedElse: { texts: ['three'] },
  rates: [{ component: 'INPUT', amount: '0.02' }],
  path: '/v1/embeddings',
  answer: ({ request, json }) => {
    const texts = request.json?.['input'] as readonly string[];
    const data = texts.map((text, index) => ({ object: 'embedding', index, embedding: [text.length, -0.5, 1e-7] }));
    json(200, { object: 'list', model: 'm', data: data.reverse(), usage: { prompt_tokens: 7, total_tokens: 7 } });
  },
  result: {
    vectors: [
      [3, -0.5, 1e-7],
      [9, -0.5, 1e-7],
    ],
    warnings: [],
  },
  usage: { input: 7, totalInput: 7, totalOutput: 0, source: 'REPORTED', raw: { prompt_tokens: 7, total_tokens: 7 } },
  cost: '0.00000014',
  wrong: [
    [{ texts: [] }, ['texts']],
    [{ texts: ['a', ''] }, ['texts.1']],
    [{ texts: ['a'], dimensions: 0, timeoutMs: 0, maxCost: '-1' }, ['maxCost', 'timeoutMs', 'dimensions']],
  ],
};

export const GENERATE_IMAGE: OperationCase = {
  operation: 'IMAGE',
  field: 'generateImage',
  input: 'GenerateImageInput',
  type: 'ImageGeneration',
  selection: 'images { mimeType base64 url revisedPrompt } warnings',
  asked: { prompt: 'a heron', count: 2, size: '1024x1536', quality: 'HIGH', format: 'WEBP' },
  askedElse: { prompt: 'a crane' },
  rates: [{ component: 'IMAGE', amount: '0.04', per: 1 }],
  path: '/v1/images/generations',
  answer: ({ json }) =>
    json(200, { created: 1, data: [{ b64_json: 'aGVyb24=', revised_prompt: 'a grey heron' }, { url: 'https://e.test/2' }] }),
  result: {
    images: [
      { mimeType: 'image/webp', base64: 'aGVyb24=', url: null, revisedPrompt: 'a grey heron' },
      { mimeType: 'image/webp', base64: null, url: 'https://e.test/2', revisedPrompt: null },
    ],
    warnings: [],
  },
  usage: { totalInput: 0, totalOutput: 0, source: 'REPORTED' },
  cost: '0.08',
  wrong: [
    [{ prompt: ' ' }, ['prompt']],
    [{ count: 11, size: 'large' }, ['count', 'size']],
  ],
};

const SYNTHESIZE_SPEECH: OperationCase = {
  operation: 'SPEECH',
  field: 'synthesizeSpeech',
  input: 'SynthesizeSpeechInput',
  type: 'SpeechSynthesis',
  selection: 'audio { mimeType base64 } warnings',
  asked: { text: 'Good morning 🌞', voice: 'alloy', speed: 1.5 },
  askedElse: { text: 'Good night' },
  rates: [{ component: 'CHARACTER', amount: '15' }],
  path: '/v1/audio/speech',
  answer: ({ text }) => text(200, 'ID3 a recording', { 'content-type': 'audio/mpeg' }),
  result: { audio: { mimeType: 'audio/mpeg', base64: Buffer.from('ID3 a recording').toString('base64') } },
  usage: { totalInput: 0, source: 'REPORTED' },
  cost: '0.00021',
  wrong: [
    [{ text: '' }, ['text']],
    [{ voice: ' ', speed: 9 }, ['voice', 'speed']],
  ],
};

const TRANSCRIBE: OperationCase = {
  operation: 'TRANSCRIPTION',
  field: 'transcribe',
  input: 'TranscribeInput',
  type: 'Transcription',
  selection: 'text language durationSeconds segments { startSeconds endSeconds text } warnings',
  asked: { audio: { base64: Buffer.from('a recording').toString('base64'), mimeType: 'audio/wav' }, language: 'en', timestamps: true },
  askedElse: { timestamps: false },
  rates: [{ component: 'SECOND', amount: '0.36', per: 3_600 }],
  path: '/v1/audio/transcriptions',
  answer: ({ json }) =>
    json(200, {
      text: 'Good morning.',
      language: 'english',
      duration: 12.4,
      segments: [{ id: 0, start: 0.5, end: 12.4, text: 'Good morning.' }],
    }),
  result: {
    ...{ text: 'Good morning.', language: 'english', durationSeconds: 12.4 },
    segments: [{ startSeconds: 0.5, endSeconds: 12.4, text: 'Good morning.' }],
  },
  usage: { totalInput: 0, source: 'REPORTED' },
  cost: '0.0013',
  wrong: [
    [{ audio: { url: 'https://e.test/a.mp3' } }, ['audio.url', 'audio.base64']],
    [
      { audio: { base64: 'no base64!', mimeType: 'wav', name: 'a"b' }, language: '?' },
      ['audio.base64', 'audio.mimeType', 'audio.name', 'language'],
    ],
  ],
};

const MODERATE: OperationCase = {
  operation: 'MODERATION',
  field: 'moderate',
  input: 'ModerateInput',
  type: 'Moderation',
  selection: 'verdicts { flagged categories { name flagged score } } warnings',
  asked: { texts: ['a kind word'] },
  askedElse: { texts: ['another'] },
  rates: [{ component: 'INPUT', amount: '0.1' }],
  path: '/v1/moderations',
  answer: ({ json }) =>
    json(200, {
      id: 'modr-1',
      results: [{ flagged: true, categories: { hate: false, violence: true }, category_scores: { hate: 0.01, violence: 0.9 } }],
      usage: { prompt_tokens: 20, total_tokens: 20 },
    }),
  result: {
    verdicts: [
      {
        flagged: true,
        categories: [
          { name: 'hate', flagged: false, score: 0.01 },
          { name: 'violence', flagged: true, score: 0.9 },
        ],
      },
    ],
  },
  usage: { input: 20, source: 'REPORTED' },
  cost: '0.000002',
  wrong: [[{ texts: [''] }, ['texts.0']]],
};

const RERANK: OperationCase = {
  operation: 'RERANK',
  field: 'rerank',
  input: 'RerankInput',
  type: 'Reranking',
  selection: 'rankings { index score } warnings',
  asked: { query: 'herons', documents: ['a crane', 'a heron', 'a boat'], topN: 2 },
  askedElse: { query: 'boats' },
  rates: [{ component: 'REQUEST', amount: '2', per: 1_000 }],
  path: '/v1/rerank',
  answer: ({ json }) =>
    json(200, {
      results: [
        { index: 0, relevance_score: 0.3 },
        { index: 1, relevance_score: 0.98 },
      ],
      meta: { billed_units: { search_units: 1 } },
    }),
  result: {
    rankings: [
      { index: 1, score: 0.98 },
      { index: 0, score: 0.3 },
    ],
  },
  usage: { totalInput: 0, source: 'REPORTED', raw: { search_units: 1 } },
  cost: '0.002',
  wrong: [[{ documents: [], topN: 0, query: '' }, ['query', 'documents', 'topN']]],
};

export const OPERATION_CASES: readonly OperationCase[] = [EMBED, GENERATE_IMAGE, SYNTHESIZE_SPEECH, TRANSCRIBE, MODERATE, RERANK];

/** The mutation of a case, with what every inference tells. */
export function operationDocument({ field, input, type, selection }: OperationCase): string {
  return /* GraphQL */ `
    mutation ($input: ${input}!, $key: String) {
      ${field}(input: $input, idempotencyKey: $key) {
        __typename
        ... on ${type} { ...Row ${selection} }
        ... on UserError { code message }
        ... on InvalidRequest { problems { path } inference { ...Row } }
        ... on ModelUnavailable { inference { ...Row } }
        ... on ProvidersFailed { inference { ...Row } }
        ... on GatewayFailed { inference { ...Row } }
      }
    }
    ${INFERENCE_ROW}
  `;
}

export const INFERENCE_ROW = /* GraphQL */ `
  fragment Row on Inference {
    __typename
    id
    operation
    status
    requestedModel
    servedModel {
      slug
    }
    usage {
      input
      totalInput
      totalOutput
      source
      raw
    }
    cost {
      total {
        amount
      }
      quality
      components {
        kind
        quantity
        amount
      }
    }
    routing {
      attempts {
        index
        status
        failure
        detail
        deployment {
          slug
        }
      }
    }
    error {
      code
    }
    user
    tags {
      key
      value
    }
  }
`;
