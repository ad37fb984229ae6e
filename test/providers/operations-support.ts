import { EMPTY_ANSWER, reduceAnswer } from '../../src/core/answer.js';
import type { Answer } from '../../src/core/answer.js';
import type { Failure } from '../../src/core/failures.js';
import type { JsonValue } from '../../src/core/json.js';
import type {
  CallTerms,
  EmbeddingCall,
  ImageCall,
  ModerationCall,
  OperationCall,
  OperationName,
  RerankCall,
  SpeechCall,
  TranscriptionCall,
} from '../../src/core/operations.js';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import type { OperationApi, ProviderTarget, UpstreamError } from '../../src/providers/contract.js';
import { operationTranslation } from '../../src/providers/translation.js';
import { fileOf } from '../kit/files.js';
import { makeTarget } from './support.js';

const TERMS: CallTerms = {
  ...{ model: 'test-model', task: null, routing: null, maxCost: null, timeoutMs: null, onDisconnect: null },
  ...{ user: null, sessionId: null, tags: [], providerOptions: null },
};

export function embedding(changes: Partial<EmbeddingCall> = {}): EmbeddingCall {
  return { ...TERMS, operation: 'EMBEDDING', texts: ['one', 'two'], dimensions: null, purpose: null, ...changes };
}

export function image(changes: Partial<ImageCall> = {}): ImageCall {
  return { ...TERMS, operation: 'IMAGE', prompt: 'a heron', count: 1, size: null, quality: null, format: null, ...changes };
}

export function speech(changes: Partial<SpeechCall> = {}): SpeechCall {
  const rest = { format: 'MP3', speed: null, instructions: null } as const;
  return { ...TERMS, operation: 'SPEECH', text: 'Good morning', voice: 'alloy', ...rest, ...changes };
}

export function transcription(changes: Partial<TranscriptionCall> = {}): TranscriptionCall {
  return {
    ...TERMS,
    operation: 'TRANSCRIPTION',
    audio: fileOf('a recording'),
    language: null,
    prompt: null,
    timestamps: false,
    ...changes,
  };
}

export function moderation(changes: Partial<ModerationCall> = {}): ModerationCall {
  return { ...TERMS, operation: 'MODERATION', texts: ['one', 'two'], ...changes };
}

export function reranking(changes: Partial<RerankCall> = {}): RerankCall {
  return { ...TERMS, operation: 'RERANK', query: 'herons', documents: ['a crane', 'a heron'], topN: null, ...changes };
}

export interface Given {
  readonly target?: Partial<ProviderTarget>;
  readonly refused?: readonly string[];
  /** Of the answer. */
  readonly headers?: UpstreamError['headers'];
}

/** One operation of a wire format, in a test's words. */
export function operationOf(wireFormat: WireFormat, operation: OperationName) {
  const api: OperationApi | undefined = WIRE_FORMAT_ADAPTERS.get(wireFormat)?.operations?.[operation];
  if (api === undefined) throw new Error(`${wireFormat} has no ${operation}`);
  const targetOf = ({ target = {} }: Given) => makeTarget({ wireFormat, ...target });
  const read = (response: UpstreamError, call: OperationCall, given: Given = {}): Answer =>
    operationTranslation(api, call, targetOf(given)).fromResponse(response).reduce(reduceAnswer, EMPTY_ANSWER);
  return {
    request: (call: OperationCall, given: Given = {}) =>
      api.toRequest(call, targetOf(given), { stream: false, refusedParameters: new Set(given.refused) }),
    answer: (body: JsonValue, call: OperationCall, given: Given = {}): Answer =>
      read(whole(Buffer.from(JSON.stringify(body)), { 'content-type': 'application/json', ...given.headers }), call, given),
    answerBytes: (bytes: Uint8Array, type: string, call: OperationCall): Answer => read(whole(bytes, { 'content-type': type }), call),
    failure: (status: number, body: JsonValue, headers: UpstreamError['headers'] = {}): Failure =>
      api.toFailure({ ...whole(Buffer.from(JSON.stringify(body)), headers), status }),
  };
}

function whole(bytes: Uint8Array, headers: UpstreamError['headers']): UpstreamError {
  const body = Buffer.from(bytes).toString('utf8');
  return { status: 200, headers, body, bytes, receivedAt: new Date(0) };
}
