import { assertNever } from './assert-never.js';
import type { CompletionCall } from './completion.js';
import type { UploadedFile } from './files.js';
import type { JsonObject } from './json.js';
import type { PicoUsd } from './money.js';
import type { Tag } from './principal.js';
import type { RoutingPreferences } from './routes.js';
import type { AudioFormat, DisconnectPolicy, EmbeddingPurpose, ImageFormat, ImageQuality, Operation } from './vocabulary.js';

/** What every call says, whatever it asks for; a completion's fields of these names mean the same. */
export interface CallTerms {
  /** As the caller wrote it: a route's slug, a model's slug, or provider/model. */
  readonly model: string;
  readonly task: null;
  readonly routing: RoutingPreferences | null;
  /** What the call may be predicted to cost at most; null: anything. */
  readonly maxCost: PicoUsd | null;
  readonly timeoutMs: number | null;
  readonly onDisconnect: DisconnectPolicy | null;
  readonly user: string | null;
  readonly sessionId: string | null;
  readonly tags: readonly Tag[];
  /** Fields passed on as they are, by provider slug or wire format. */
  readonly providerOptions: JsonObject | null;
}

export interface EmbeddingCall extends CallTerms {
  readonly operation: 'EMBEDDING';
  /** At least one, none empty. */
  readonly texts: readonly string[];
  readonly dimensions: number | null;
  readonly purpose: EmbeddingPurpose | null;
}

export interface ImageCall extends CallTerms {
  readonly operation: 'IMAGE';
  readonly prompt: string;
  readonly count: number;
  /** Pixels, as 1024x1536. */
  readonly size: string | null;
  readonly quality: ImageQuality | null;
  readonly format: ImageFormat | null;
}

export interface SpeechCall extends CallTerms {
  readonly operation: 'SPEECH';
  readonly text: string;
  readonly voice: string;
  readonly format: AudioFormat;
  /** 1 is the voice's own. */
  readonly speed: number | null;
  readonly instructions: string | null;
}

export interface TranscriptionCall extends CallTerms {
  readonly operation: 'TRANSCRIPTION';
  readonly audio: UploadedFile;
  readonly language: string | null;
  readonly prompt: string | null;
  readonly timestamps: boolean;
}

export interface ModerationCall extends CallTerms {
  readonly operation: 'MODERATION';
  /** At least one, none empty. */
  readonly texts: readonly string[];
}

export interface RerankCall extends CallTerms {
  readonly operation: 'RERANK';
  readonly query: string;
  /** At least one, none empty. */
  readonly documents: readonly string[];
  readonly topN: number | null;
}

/** A call of any operation but a completion: one request, one answer, nothing streamed. */
export type OperationCall = EmbeddingCall | ImageCall | SpeechCall | TranscriptionCall | ModerationCall | RerankCall;
export type OperationName = OperationCall['operation'];
export type CallOf<Name extends OperationName> = Extract<OperationCall, { readonly operation: Name }>;
export type InferenceCall = CompletionCall | OperationCall;

/** What came of a call that is no completion. */
export type OperationResult = EmbeddingResult | ImageResult | SpeechResult | TranscriptionResult | ModerationResult | RerankResult;

export interface EmbeddingResult {
  readonly operation: 'EMBEDDING';
  /** One for each text, in their order. */
  readonly vectors: readonly (readonly number[])[];
}

export interface ImageResult {
  readonly operation: 'IMAGE';
  readonly images: readonly GeneratedImage[];
}

/** Exactly one of base64 and url; the provider lets addresses expire. */
export interface GeneratedImage {
  readonly mimeType: string;
  readonly base64: string | null;
  readonly url: string | null;
  /** What the provider made of the prompt. */
  readonly revisedPrompt: string | null;
}

export interface SpeechResult {
  readonly operation: 'SPEECH';
  readonly mimeType: string;
  readonly base64: string;
}

export interface TranscriptionResult {
  readonly operation: 'TRANSCRIPTION';
  readonly text: string;
  readonly language: string | null;
  readonly durationSeconds: number | null;
  readonly segments: readonly TranscriptSegment[];
}

export interface TranscriptSegment {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly text: string;
}

export interface ModerationResult {
  readonly operation: 'MODERATION';
  /** One for each text, in their order. */
  readonly verdicts: readonly Verdict[];
}

export interface Verdict {
  readonly flagged: boolean;
  /** In the provider's words; the score is from 0 to 1. */
  readonly categories: readonly { readonly name: string; readonly flagged: boolean; readonly score: number | null }[];
}

export interface RerankResult {
  readonly operation: 'RERANK';
  /** The most relevant first; `index` counts the call's documents. */
  readonly rankings: readonly { readonly index: number; readonly score: number }[];
}

/** What a text is billed by where characters are: Unicode's code points. */
export function charactersOf(text: string): number {
  return Array.from(text).length;
}

export function isOperation(call: InferenceCall): call is OperationCall {
  return 'operation' in call;
}

export function operationOf(call: InferenceCall): Operation {
  return isOperation(call) ? call.operation : 'COMPLETION';
}

const BYTES_PER_NUMBER = 8;
const BYTES_PER_ENTRY = 64;

/** Roughly what a result takes in memory. */
export function bytesOfResult(result: OperationResult | undefined): number {
  switch (result?.operation) {
    case undefined:
      return 0;
    case 'EMBEDDING':
      return sum(result.vectors.map((vector) => BYTES_PER_NUMBER * vector.length));
    case 'IMAGE':
      return sum(result.images.map(({ base64 }) => base64?.length ?? BYTES_PER_ENTRY));
    case 'SPEECH':
      return result.base64.length;
    case 'TRANSCRIPTION':
      return 2 * result.text.length + sum(result.segments.map(({ text }) => BYTES_PER_ENTRY + 2 * text.length));
    case 'MODERATION':
      return sum(result.verdicts.map(({ categories }) => BYTES_PER_ENTRY * categories.length));
    case 'RERANK':
      return BYTES_PER_ENTRY * result.rankings.length;
    default:
      return assertNever(result);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
