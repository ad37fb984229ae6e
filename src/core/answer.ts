import { assertNever } from './assert-never.js';
import type { Failure } from './failures.js';
import type { OperationResult } from './operations.js';
import type { TokenUsage } from './usage.js';
import type { FinishReason } from './vocabulary.js';

/** What the assistant said, in the model's order. */
export interface AssistantMessage {
  readonly parts: readonly AssistantPart[];
  readonly refusal: string | null;
}

export type AssistantPart =
  | { readonly kind: 'text'; readonly text: string; readonly signature: string | null }
  | { readonly kind: 'reasoning'; readonly text: string | null; readonly redacted: string | null; readonly signature: string | null }
  | { readonly kind: 'toolCall'; readonly id: string; readonly name: string; readonly arguments: string; readonly signature: string | null }
  | { readonly kind: 'media'; readonly mimeType: string; readonly url: string | null; readonly base64: string | null };

/**
 * The neutral words that every wire format speaks, streamed or not. A translator turns vendor frames into these and
 * keeps no answer of its own: `answerReducer` alone puts the answer together, so both forms give the same one.
 */
export type AnswerDelta =
  | { readonly type: 'text'; readonly text: string; readonly signature?: string }
  | { readonly type: 'reasoning'; readonly text?: string; readonly redacted?: string; readonly signature?: string }
  /** `index` is the call's own number in the answer, 0, 1, 2 …; `id` and `name` come once, before or with the first arguments. */
  | {
      readonly type: 'toolCall';
      readonly index: number;
      readonly id?: string;
      readonly name?: string;
      readonly argumentsDelta: string;
      readonly signature?: string;
    }
  | { readonly type: 'media'; readonly mimeType: string; readonly url: string | null; readonly base64: string | null }
  | { readonly type: 'refusal'; readonly text: string }
  /** The whole of what an operation other than a completion came to. */
  | { readonly type: 'result'; readonly result: OperationResult }
  /** Cumulative: replaces what was said before. */
  | { readonly type: 'usage'; readonly usage: TokenUsage }
  | { readonly type: 'finish'; readonly reason: FinishReason; readonly raw: string }
  /** The service tier the upstream billed, as the response names it. */
  | { readonly type: 'serviceTier'; readonly serviceTier: string }
  | { readonly type: 'failure'; readonly failure: Failure }
  /** The upstream's terminal event: without it a stream is INCOMPLETE. */
  | { readonly type: 'end' };

export interface Answer {
  readonly message: AssistantMessage;
  /** Of an operation other than a completion, whose message stays empty. */
  readonly result?: OperationResult;
  readonly finishReason: FinishReason | null;
  readonly rawFinishReason: string | null;
  /** As reported; null where nothing was. */
  readonly usage: TokenUsage | null;
  readonly serviceTier: string | null;
  readonly failure: Failure | null;
  readonly ended: boolean;
}

export const EMPTY_ANSWER: Answer = {
  message: { parts: [], refusal: null },
  finishReason: null,
  rawFinishReason: null,
  usage: null,
  serviceTier: null,
  failure: null,
  ended: false,
};

/** Whether any words, reasoning, call, media or result have come: after that nothing is restarted in silence. */
export function hasContent(answer: Answer): boolean {
  return answer.message.parts.length > 0 || answer.message.refusal !== null || answer.result !== undefined;
}

const CONTENT: ReadonlySet<AnswerDelta['type']> = new Set(['text', 'reasoning', 'toolCall', 'media', 'refusal', 'result']);

export function isContent(delta: AnswerDelta): boolean {
  return CONTENT.has(delta.type);
}

export function answerText(message: AssistantMessage): string | null {
  const texts = message.parts.filter((part) => part.kind === 'text');
  return texts.length === 0 ? null : texts.map((part) => part.text).join('');
}

/** Folds one delta into the answer. Adjacent text, reasoning and bare sound join; a signature closes its part. */
export function reduceAnswer(answer: Answer, delta: AnswerDelta): Answer {
  switch (delta.type) {
    case 'text':
      return withParts(answer, appendText(answer.message.parts, delta));
    case 'reasoning':
      return withParts(answer, appendReasoning(answer.message.parts, delta));
    case 'toolCall':
      return withParts(answer, appendToolCall(answer.message.parts, delta));
    case 'media':
      return withParts(answer, appendMedia(answer.message.parts, delta));
    case 'refusal':
      return { ...answer, message: { ...answer.message, refusal: (answer.message.refusal ?? '') + delta.text } };
    case 'result':
      return { ...answer, result: delta.result };
    case 'usage':
      return { ...answer, usage: delta.usage };
    case 'finish':
      return { ...answer, finishReason: delta.reason, rawFinishReason: delta.raw };
    case 'serviceTier':
      return { ...answer, serviceTier: delta.serviceTier };
    case 'failure':
      return { ...answer, failure: delta.failure };
    case 'end':
      return { ...answer, ended: true };
    default:
      return assertNever(delta);
  }
}

type Parts = readonly AssistantPart[];
type DeltaOf<Type extends AnswerDelta['type']> = Extract<AnswerDelta, { type: Type }>;

function withParts(answer: Answer, parts: Parts): Answer {
  return { ...answer, message: { ...answer.message, parts } };
}

function appendText(parts: Parts, delta: DeltaOf<'text'>): Parts {
  const last = parts.at(-1);
  const signature = delta.signature ?? null;
  if (last?.kind !== 'text' || last.signature !== null) return [...parts, { kind: 'text', text: delta.text, signature }];
  return [...parts.slice(0, -1), { kind: 'text', text: last.text + delta.text, signature }];
}

function appendReasoning(parts: Parts, delta: DeltaOf<'reasoning'>): Parts {
  const last = parts.at(-1);
  const { text = null, redacted = null, signature = null } = delta;
  if (last?.kind !== 'reasoning' || last.signature !== null || last.redacted !== null || redacted !== null)
    return [...parts, { kind: 'reasoning', text, redacted, signature }];
  const joined = last.text === null ? text : last.text + (text ?? '');
  return [...parts.slice(0, -1), { kind: 'reasoning', text: joined, redacted: null, signature }];
}

/** Sound without a file around it, which a stream brings piece by piece. */
const BARE_SOUND = /^audio\/(l16|pcm)\b/i;

function appendMedia(parts: Parts, { mimeType, url, base64 }: DeltaOf<'media'>): Parts {
  const last = parts.at(-1);
  const continues = last?.kind === 'media' && last.mimeType === mimeType && BARE_SOUND.test(mimeType);
  if (!continues || last.base64 === null || base64 === null) return [...parts, { kind: 'media', mimeType, url, base64 }];
  return [...parts.slice(0, -1), { ...last, base64: joinBase64(last.base64, base64) }];
}

/** A group that was filled up is opened again. */
function joinBase64(first: string, second: string): string {
  if (!first.endsWith('=')) return first + second;
  const bytes = [first.slice(-4), second].map((text) => Buffer.from(text, 'base64'));
  return first.slice(0, -4) + Buffer.concat(bytes).toString('base64');
}

function appendToolCall(parts: Parts, delta: DeltaOf<'toolCall'>): Parts {
  const position = positionOfCall(parts, delta.index);
  const call = position === null ? undefined : parts[position];
  if (position === null || call?.kind !== 'toolCall') {
    const { id = '', name = '', argumentsDelta, signature = null } = delta;
    return [...parts, { kind: 'toolCall', id, name, arguments: argumentsDelta, signature }];
  }
  return parts.with(position, {
    kind: 'toolCall',
    id: delta.id ?? call.id,
    name: delta.name ?? call.name,
    arguments: call.arguments + delta.argumentsDelta,
    signature: delta.signature ?? call.signature,
  });
}

/** Where the answer's call number `index` stands among its parts; null while it has not begun. */
function positionOfCall(parts: Parts, index: number): number | null {
  let seen = 0;
  for (const [position, part] of parts.entries()) {
    if (part.kind !== 'toolCall') continue;
    if (seen === index) return position;
    seen += 1;
  }
  return null;
}
