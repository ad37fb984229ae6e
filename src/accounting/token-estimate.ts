import { assertNever } from '../core/assert-never.js';
import type { CompletionCall, Part, ResponseFormat, Tool } from '../core/completion.js';

/**
 * UTF-8 bytes a token. English runs at about four characters a token (https://help.openai.com/en/articles/4936856); scripts
 * with three bytes a character run at about one character a token, so bytes estimate both better than characters would.
 */
const BYTES_PER_TOKEN = 4;

/** What a message costs beside its words, and what primes the answer (https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken_). */
const TOKENS_PER_MESSAGE = 3;
const TOKENS_OF_PRIMING = 3;

/**
 * Constants where a vendor counts by pixels, seconds or pages, which nobody here decodes. An image: OpenAI's own example of
 * 1024 × 1024 in high detail (https://platform.openai.com/docs/guides/images-vision). Audio: one minute at ten tokens a
 * second. A document: one page as Anthropic counts it (1,500 to 3,000, https://docs.anthropic.com/en/docs/build-with-claude/pdf-support).
 */
export const MEDIA_TOKENS = { image: 765, audio: 600, document: 1_500 } as const;

/**
 * Of sound that is said: 25 tokens a second (https://ai.google.dev/gemini-api/docs/pricing), which are 24,000 samples of 16 bits;
 * compressed it takes a third of that, 128 kbit a second.
 */
const SOUND_BYTES_PER_TOKEN = 48_000 / 25;
const COMPRESSED = 3;

/** The bytes of sound in an answer as if they were bare samples; null for media that are none, and for those that are elsewhere. */
export function soundBytesOf({ mimeType, base64 }: { readonly mimeType: string; readonly base64: string | null }): number | null {
  if (base64 === null || !mimeType.startsWith('audio/')) return null;
  return Buffer.byteLength(base64, 'base64') * (/^audio\/(l16|pcm|wav)\b/i.test(mimeType) ? 1 : COMPRESSED);
}

export function tokensOfSound(bytes: number): number {
  return Math.ceil(bytes / SOUND_BYTES_PER_TOKEN);
}

/** Estimated tokens of a text: its UTF-8 bytes by four, rounded up. */
export function tokensOfText(text: string): number {
  return tokensOfBytes(Buffer.byteLength(text));
}

export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}

/** Estimated tokens of a whole prompt: system and other messages, tools, schema, and a constant for each piece of media. */
export function estimatePrompt(call: CompletionCall): number {
  return tokensOfSize(sizeOfPrompt(call));
}

export function tokensOfSize({ bytes, framingTokens, media }: PromptSize): number {
  return framingTokens + tokensOfBytes(bytes) + sum(MEDIA_KINDS.map((kind) => media[kind] * MEDIA_TOKENS[kind]));
}

export type MediaKind = keyof typeof MEDIA_TOKENS;
const MEDIA_KINDS = ['image', 'audio', 'document'] as const satisfies readonly MediaKind[];

/** What a prompt's tokens are made of. */
export interface PromptSize {
  /** Of all words in UTF-8: messages, tools and schema. No token is shorter than a byte. */
  readonly bytes: number;
  /** Tokens that stand around the words: those of each message, and what primes the answer. */
  readonly framingTokens: number;
  /** How many pieces of each kind. */
  readonly media: Readonly<Record<MediaKind, number>>;
}

export function sizeOfPrompt(call: CompletionCall): PromptSize {
  const parts = call.messages.flatMap((message) => message.parts);
  const bytes = sum(parts.map(bytesOfPart)) + sum(call.tools.map(bytesOfTool)) + bytesOfFormat(call.responseFormat);
  const count = (kind: MediaKind) => parts.filter((part) => part.kind === kind).length;
  return {
    bytes,
    framingTokens: TOKENS_OF_PRIMING + TOKENS_PER_MESSAGE * call.messages.length,
    media: { image: count('image'), audio: count('audio'), document: count('document') },
  };
}

function bytesOfPart(part: Part): number {
  switch (part.kind) {
    case 'text':
      return Buffer.byteLength(part.text);
    case 'toolCall':
      return Buffer.byteLength(part.name) + Buffer.byteLength(part.arguments);
    case 'reasoning':
      return Buffer.byteLength(part.text ?? '') + Buffer.byteLength(part.redacted ?? '');
    case 'image':
    case 'audio':
    case 'document':
      return 0;
    default:
      return assertNever(part);
  }
}

function bytesOfTool(tool: Tool): number {
  return Buffer.byteLength(tool.name + (tool.description ?? '') + JSON.stringify(tool.parameters));
}

function bytesOfFormat(format: ResponseFormat | null): number {
  return format?.kind === 'jsonSchema' ? Buffer.byteLength(format.name + JSON.stringify(format.schema)) : 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
