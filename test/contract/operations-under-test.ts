import { readFileSync } from 'node:fs';
import type { OperationCall, OperationName } from '../../src/core/operations.js';
import type { Preset } from '../../src/providers/preset.js';
import { OPERATION_CASES } from '../kit/operation-cases.js';
import type { UpstreamHandler } from '../kit/scripted-upstream.js';
import { embedding, image, moderation, reranking, speech, transcription } from '../providers/operations-support.js';

/** What a vendor is asked for, and how it answers. */
export interface OperationUnderTest {
  readonly call: OperationCall;
  readonly answer: UpstreamHandler;
  /** One of its models for this, where their names decide what is said. */
  readonly upstreamModel?: string;
}

/** Calls that every vendor of an operation can be asked. */
export const OPERATION_CALLS: Readonly<Record<OperationName, OperationCall>> = {
  EMBEDDING: embedding({ texts: ['one'] }),
  IMAGE: image(),
  SPEECH: speech({ format: 'WAV' }),
  TRANSCRIPTION: transcription(),
  MODERATION: moderation({ texts: ['a kind word'] }),
  RERANK: reranking({ documents: ['a crane', 'a heron'] }),
};

const recorded = (path: string): unknown => JSON.parse(readFileSync(new URL(`../fixtures/${path}.json`, import.meta.url), 'utf8'));
const body =
  (path: string): UpstreamHandler =>
  (exchange) =>
    exchange.json(200, (recorded(path) as { body: unknown }).body);
const whole =
  (path: string): UpstreamHandler =>
  (exchange) =>
    exchange.json(200, recorded(path));

type Answers = Readonly<Partial<Record<OperationName, Omit<OperationUnderTest, 'call'>>>>;

const GEMINI_ANSWERS: Answers = {
  EMBEDDING: { answer: ({ json }) => json(200, { embeddings: [{ values: [0.5, -1] }] }), upstreamModel: 'gemini-embedding-001' },
  IMAGE: { answer: whole('gemini/operations/image'), upstreamModel: 'gemini-3-pro-image' },
  SPEECH: { answer: whole('gemini/operations/speech-l16'), upstreamModel: 'gemini-2.5-flash-preview-tts' },
  TRANSCRIPTION: { answer: whole('gemini/operations/transcript-text'), upstreamModel: 'gemini-2.5-flash' },
};

/** Where answers are not in the form of OpenAI. */
const OWN_ANSWERS: Readonly<Record<string, Answers>> = {
  cohere: { EMBEDDING: { answer: ({ json }) => json(200, { embeddings: { float: [[0.5, -1]] } }) } },
  gemini: GEMINI_ANSWERS,
  vertex: {
    ...GEMINI_ANSWERS,
    EMBEDDING: {
      answer: ({ json }) => json(200, { predictions: [{ embeddings: { values: [0.5, -1], statistics: { token_count: 1 } } }] }),
      upstreamModel: 'gemini-embedding-001',
    },
  },
  bedrock: {
    EMBEDDING: { answer: body('bedrock/operations/titan-embed'), upstreamModel: 'amazon.titan-embed-text-v2:0' },
    IMAGE: { answer: body('bedrock/operations/nova-canvas'), upstreamModel: 'amazon.nova-canvas-v1:0' },
    RERANK: { answer: body('bedrock/operations/amazon-rerank'), upstreamModel: 'amazon.rerank-v1:0' },
  },
};

/** @throws where nobody has said how this vendor answers: a preset that promises an operation has to be shown. */
export function operationUnderTest({ name, wireFormat }: Preset, operation: OperationName): OperationUnderTest {
  const own = OWN_ANSWERS[name]?.[operation];
  const call = OPERATION_CALLS[operation];
  if (own !== undefined) return { call, ...own };
  const plain = OPERATION_CASES.find((each) => each.operation === operation);
  if (plain === undefined || !wireFormat.startsWith('OPENAI')) throw new Error(`no answer of ${name} to ${operation} is known`);
  return { call, answer: plain.answer };
}
