import { assertNever } from '../../core/assert-never.js';
import type { Media, Message, Part } from '../../core/completion.js';
import type { JsonObject } from '../../core/json.js';
import { currentTurnStart, tidyConversation } from '../conversation.js';
import { Untranslatable } from '../contract.js';
import { KEEPS_ITSELF, leftOut } from '../extra-fields.js';
import { WAV_AND_MP3, base64Of, urlOf, wordFor } from '../media.js';
import type { TakenAs } from '../media.js';
import type { Quirks } from '../preset.js';
import { detailsOf } from './reasoning-details.js';

export type ChatMessage =
  | { role: 'system'; content: string | TextPart[] }
  | { role: 'user'; content: string | ContentPart[] }
  | AssistantChatMessage
  | { role: 'tool'; tool_call_id: string; content: string };

type AssistantChatMessage = {
  role: 'assistant';
  content: string | null;
  tool_calls?: ChatToolCall[];
  reasoning_content?: string;
  reasoning?: string;
  reasoning_details?: JsonObject[];
};

type ChatToolCall = { id: string; type: 'function'; function: { name: string; arguments: string } };
type TextPart = { type: 'text'; text: string; cache_control?: { type: 'ephemeral'; ttl?: '1h' } };
type ContentPart =
  | TextPart
  | { type: 'image_url'; image_url: { url: string } }
  | { type: 'input_audio'; input_audio: { data: string; format: 'wav' | 'mp3' } }
  | { type: 'file'; file: { filename: string; file_data: string } };

export interface ChatMessages {
  readonly messages: ChatMessage[];
  readonly warnings: readonly string[];
}

export function toOpenAiMessages(conversation: readonly Message[], quirks: Quirks): ChatMessages {
  const tidy = tidyConversation(conversation);
  const turnStart = currentTurnStart(tidy);
  const messages = attachmentsLast(tidy.map((message, position) => toMessages(message, { quirks, isCurrent: position > turnStart })));
  const warnings: string[] = [];
  if (tidy.some(({ parts }, position) => parts.some((part) => isLost(part, { quirks, isCurrent: position > turnStart }))))
    warnings.push(leftOut('Reasoning of earlier turns', quirks.reasoningField === undefined ? NONE_BACK : SOME_BACK));
  warnings.push(...lostMarks(tidy, quirks));
  const last = messages.at(-1);
  if (quirks.needsUserMessage !== true || last?.role !== 'system') return { messages, warnings };
  warnings.push('The last system message was sent as the user’s: the provider wants one at the end.');
  return { messages: [...messages.slice(0, -1), { role: 'user', content: last.content }], warnings };
}

const NONE_BACK = 'the provider takes none back';
const SOME_BACK = 'the provider takes back words of the current turn, and what it signed or closed itself';

function isLost(part: Part, { quirks, isCurrent }: Place): boolean {
  if (part.kind !== 'reasoning' || (quirks.reasoningDetails === true && detailsOf(part.signature).length > 0)) return false;
  return quirks.reasoningField === undefined || !isCurrent || (part.text ?? '') === '';
}

/** Where a vendor takes marks of a prompt cache it takes them on texts, of its caller and of the system. */
function lostMarks(messages: readonly Message[], { cacheControl }: Quirks): readonly string[] {
  const takes = (message: Message, part: Part) =>
    cacheControl === true && part.kind === 'text' && (message.role === 'SYSTEM' || message.role === 'USER');
  const lost = messages.some((message) => message.parts.some((part) => part.promptCache !== undefined && !takes(message, part)));
  if (!lost) return [];
  return [leftOut('promptCache', cacheControl === true ? 'the provider takes it on texts of users and the system only' : KEEPS_ITSELF)];
}

/** Results must follow their calls without a gap, so what is attached to one waits for the last of them. */
function attachmentsLast(groups: readonly (readonly ChatMessage[])[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let attached: ChatMessage[] = [];
  for (const [first, ...rest] of groups) {
    if (first?.role !== 'tool') messages.push(...attached.splice(0));
    if (first !== undefined) messages.push(first);
    attached = [...attached, ...rest];
  }
  return [...messages, ...attached];
}

interface Place {
  readonly quirks: Quirks;
  /** Since the last question: only there a vendor wants its own reasoning back. */
  readonly isCurrent: boolean;
}

function toMessages(message: Message, place: Place): readonly ChatMessage[] {
  switch (message.role) {
    case 'SYSTEM':
      return [{ role: 'system', content: textOrParts(message.parts.filter(isText).map((part) => toTextPart(part, place.quirks))) }];
    case 'USER':
      return [{ role: 'user', content: textOrParts(message.parts.map((part) => toContentPart(part, place.quirks))) }];
    case 'ASSISTANT':
      return [toAssistant(message, place)];
    case 'TOOL':
      return toToolResult(message, place.quirks);
    default:
      return assertNever(message.role);
  }
}

/** A single text goes as a plain string, which every vendor takes. */
function textOrParts<T extends ContentPart>(parts: T[]): string | T[] {
  const [first, ...rest] = parts;
  return first?.type === 'text' && first.cache_control === undefined && rest.length === 0 ? first.text : parts;
}

function toContentPart(part: Part, quirks: Quirks): ContentPart {
  if (quirks.noForm?.some((kind) => kind === part.kind) === true) throw new Untranslatable(`This provider takes no ${part.kind} parts.`);
  switch (part.kind) {
    case 'text':
      return toTextPart(part, quirks);
    case 'image':
      return { type: 'image_url', image_url: { url: urlOf(part.media, 'image/png') } };
    case 'audio':
      return { type: 'input_audio', input_audio: toAudio(part.media) };
    case 'document':
      return { type: 'file', file: toFile(part.media, quirks) };
    case 'toolCall':
    case 'reasoning':
      throw new Untranslatable(`A user's message can't hold a ${part.kind} part.`);
    default:
      return assertNever(part);
  }
}

const SOUNDS: TakenAs<'wav' | 'mp3'> = { kind: 'audio', fallback: 'audio/wav', words: WAV_AND_MP3 };

function toAudio(media: Media): { data: string; format: 'wav' | 'mp3' } {
  return { data: base64Of(media, 'audio'), format: wordFor(media, SOUNDS) };
}

function toFile(media: Media, quirks: Quirks): { filename: string; file_data: string } {
  if (quirks.documentByUrl !== true) base64Of(media, 'documents');
  return { filename: media.name ?? 'document.pdf', file_data: urlOf(media, 'application/pdf') };
}

type TextSource = Extract<Part, { kind: 'text' }>;

function isText(part: Part): part is TextSource {
  return part.kind === 'text';
}

function toTextPart({ text, promptCache }: TextSource, { cacheControl }: Quirks): TextPart {
  if (cacheControl !== true || promptCache === undefined) return { type: 'text', text };
  return { type: 'text', text, cache_control: { type: 'ephemeral', ...(promptCache === 'ONE_HOUR' ? { ttl: '1h' } : {}) } };
}

/** Signatures and redacted blocks are another vendor's and stay here; texts around a call stand on lines of their own. */
function toAssistant(message: Message, { quirks, isCurrent }: Place): AssistantChatMessage {
  const texts = message.parts.filter(isText).map((part) => part.text);
  const calls = message.parts.filter((part) => part.kind === 'toolCall');
  const field = isCurrent ? quirks.reasoningField : undefined;
  const signatures = message.parts.map((part) => (part.kind === 'reasoning' ? part.signature : null));
  const details = quirks.reasoningDetails === true ? signatures.flatMap(detailsOf) : [];
  const reasoning = message.parts.map((part) => (part.kind === 'reasoning' ? (part.text ?? '') : '')).join('');
  return {
    role: 'assistant',
    content: texts.length === 0 ? (calls.length === 0 ? '' : null) : texts.join('\n'),
    ...(details.length > 0 ? { reasoning_details: details } : field === undefined || reasoning === '' ? {} : { [field]: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(toToolCall) }),
  };
}

function toToolCall(call: Extract<Part, { kind: 'toolCall' }>): ChatToolCall {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments.trim() === '' ? '{}' : call.arguments } };
}

/** The form has no error flag, so the text says it; what is not text follows as the user's. */
function toToolResult(message: Message, quirks: Quirks): readonly ChatMessage[] {
  const text = message.parts
    .filter(isText)
    .map((part) => part.text)
    .join('\n');
  const content = message.isError ? `Error: ${text}` : text;
  const attached = message.parts.filter((part) => !isText(part)).map((part) => toContentPart(part, quirks));
  const result: ChatMessage = { role: 'tool', tool_call_id: message.toolCallId ?? '', content };
  return attached.length === 0 ? [result] : [result, { role: 'user', content: attached }];
}
