import { assertNever } from '../../core/assert-never.js';
import type { Media, Message, Part } from '../../core/completion.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject } from '../../core/json.js';
import { Untranslatable } from '../contract.js';
import { tidyConversation, uniqueCallIds } from '../conversation.js';
import { leftOut } from '../extra-fields.js';
import { parseJson } from '../json-read.js';
import { mimeTypeOf } from '../media.js';
import { isForeignSignature } from '../signatures.js';

type CacheControl = { cache_control?: { type: 'ephemeral'; ttl?: '1h' } };
export type TextBlock = { type: 'text'; text: string } & CacheControl;
type ImageType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';
type ImageBlock = {
  type: 'image';
  source: { type: 'base64'; media_type: ImageType; data: string } | { type: 'url'; url: string };
} & CacheControl;
type DocumentBlock = {
  type: 'document';
  source:
    | { type: 'base64'; media_type: 'application/pdf'; data: string }
    | { type: 'text'; media_type: 'text/plain'; data: string }
    | { type: 'url'; url: string };
  title?: string;
} & CacheControl;
type ContentBlock = TextBlock | ImageBlock | DocumentBlock;
type ResultBlock = { type: 'tool_result'; tool_use_id: string; content?: ContentBlock[]; is_error?: boolean };
export type AnthropicBlock =
  | ContentBlock
  | ResultBlock
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'redacted_thinking'; data: string }
  | ({ type: 'tool_use'; id: string; name: string; input: JsonObject } & CacheControl);
export type AnthropicMessage = { role: 'user' | 'assistant'; content: AnthropicBlock[] };

export interface AnthropicMessages {
  readonly system: readonly TextBlock[];
  readonly messages: AnthropicMessage[];
  readonly warnings: readonly string[];
}

/** What a call's id may look like. */
const CALL_ID = /[^\w-]/g;

/**
 * System messages leave the conversation; the rest alternates between user and assistant and begins with the user
 * (https://docs.claude.com/en/api/messages).
 */
export function toAnthropicMessages(conversation: readonly Message[]): AnthropicMessages {
  const warnings = new Set<string>();
  const tidy = uniqueCallIds(tidyConversation(conversation), CALL_ID);
  const spoken = tidy.filter(({ role }) => role !== 'SYSTEM');
  const system = tidy.filter(({ role }) => role === 'SYSTEM').flatMap((message) => message.parts.flatMap(toTextBlocks));
  if (
    tidy.findLastIndex(({ role }) => role === 'SYSTEM') > tidy.findIndex(({ role }) => role !== 'SYSTEM') &&
    spoken.length > 0 &&
    system.length > 0
  )
    warnings.add('System messages were moved to the beginning: the provider takes them nowhere else.');
  const merged = mergeTurns(spoken.map((message) => ({ role: roleOf(message), content: toBlocks(message, warnings) })));
  const messages = beginWithUser(trimLast(merged), { system, warnings });
  return { system: messages.length === 1 && spoken.length === 0 ? system.slice(0, -1) : system, messages, warnings: [...warnings] };
}

function roleOf({ role }: Message): 'user' | 'assistant' {
  return role === 'ASSISTANT' ? 'assistant' : 'user';
}

/** Adjacent messages of one side are one; those with nothing left to say are none. */
function mergeTurns(messages: readonly AnthropicMessage[]): readonly AnthropicMessage[] {
  const merged: AnthropicMessage[] = [];
  for (const { role, content } of messages) {
    if (content.length === 0) continue;
    const last = merged.at(-1);
    if (last?.role === role) last.content.push(...content);
    else merged.push({ role, content: [...content] });
  }
  return merged.map(({ role, content }) => ({ role, content: role === 'user' ? resultsFirst(content) : content }));
}

function resultsFirst(content: readonly AnthropicBlock[]): AnthropicBlock[] {
  return [...content.filter(({ type }) => type === 'tool_result'), ...content.filter(({ type }) => type !== 'tool_result')];
}

/** An answer that is to be gone on with may not end in white space. */
function trimLast(messages: readonly AnthropicMessage[]): readonly AnthropicMessage[] {
  const last = messages.at(-1);
  const block = last?.content.at(-1);
  if (last?.role !== 'assistant' || block?.type !== 'text') return messages;
  return [
    ...messages.slice(0, -1),
    { role: 'assistant', content: [...last.content.slice(0, -1), { ...block, text: block.text.trimEnd() }] },
  ];
}

function beginWithUser(
  messages: readonly AnthropicMessage[],
  { system, warnings }: { system: readonly TextBlock[]; warnings: Set<string> },
): AnthropicMessage[] {
  const last = system.at(-1);
  if (messages.length === 0 && last !== undefined) {
    warnings.add('The last system message was sent as the user’s: the provider wants one.');
    return [{ role: 'user', content: [last] }];
  }
  if (messages[0]?.role !== 'assistant') return [...messages];
  warnings.add('A user message “…” was put before the assistant’s first: the provider wants the user to begin.');
  return [{ role: 'user', content: [{ type: 'text', text: '…' }] }, ...messages];
}

function toTextBlocks(part: Part): readonly TextBlock[] {
  return part.kind === 'text' ? [{ type: 'text', text: part.text, ...cacheControl(part) }] : [];
}

function toBlocks(message: Message, warnings: Set<string>): AnthropicBlock[] {
  switch (message.role) {
    case 'TOOL':
      return [toResult(message)];
    case 'USER':
    case 'SYSTEM':
      return message.parts.map(toContentBlock);
    case 'ASSISTANT':
      return message.parts.flatMap((part) => toAssistantBlocks(part, warnings));
    default:
      return assertNever(message.role);
  }
}

function toResult(message: Message): ResultBlock {
  const content = message.parts.map(toContentBlock);
  return {
    type: 'tool_result',
    tool_use_id: message.toolCallId ?? '',
    ...(content.length === 0 ? {} : { content }),
    ...(message.isError ? { is_error: true } : {}),
  };
}

/** Thinking goes back as it came, in its place; what another vendor signed, or nobody, can't. */
function toAssistantBlocks(part: Part, warnings: Set<string>): readonly AnthropicBlock[] {
  switch (part.kind) {
    case 'reasoning':
      if (part.promptCache !== undefined) warnings.add(leftOut('promptCache', 'the provider takes none on reasoning'));
      if (part.redacted !== null && !isForeignSignature(part.redacted, 'ANTHROPIC_MESSAGES'))
        return [{ type: 'redacted_thinking', data: part.redacted }];
      if (part.signature !== null && !isForeignSignature(part.signature, 'ANTHROPIC_MESSAGES'))
        return [{ type: 'thinking', thinking: part.text ?? '', signature: part.signature }];
      warnings.add(leftOut('Reasoning of earlier turns', 'the provider takes back only what it signed itself'));
      return [];
    case 'toolCall': {
      const input = parseJson(part.arguments);
      return [{ type: 'tool_use', id: part.id, name: part.name, input: isJsonObject(input) ? input : {}, ...cacheControl(part) }];
    }
    case 'text':
      return part.text.trim() === '' ? [] : [{ type: 'text', text: part.text, ...cacheControl(part) }];
    case 'image':
    case 'audio':
    case 'document':
      return [toContentBlock(part)];
    default:
      return assertNever(part);
  }
}

/** What is said up to here is kept: https://platform.claude.com/docs/en/build-with-claude/prompt-caching */
function cacheControl({ promptCache }: Part): CacheControl {
  if (promptCache === undefined) return {};
  return { cache_control: { type: 'ephemeral', ...(promptCache === 'ONE_HOUR' ? { ttl: '1h' } : {}) } };
}

function toContentBlock(part: Part): ContentBlock {
  switch (part.kind) {
    case 'text':
      return { type: 'text', text: part.text, ...cacheControl(part) };
    case 'image':
      return { type: 'image', source: toImage(part.media), ...cacheControl(part) };
    case 'document': {
      const title = part.media.name === null ? {} : { title: part.media.name };
      return { type: 'document', source: toDocument(part.media), ...title, ...cacheControl(part) };
    }
    case 'audio':
      throw new Untranslatable('This provider takes no audio.');
    case 'toolCall':
    case 'reasoning':
      throw new Untranslatable(`Only an assistant’s message can hold a ${part.kind} part.`);
    default:
      return assertNever(part);
  }
}

const IMAGE_TYPES: readonly ImageType[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

function toImage(media: Media): ImageBlock['source'] {
  if (media.base64 === null) return { type: 'url', url: media.url ?? '' };
  const given = mimeTypeOf(media, 'image/png').toLowerCase().replace('image/jpg', 'image/jpeg');
  const type = IMAGE_TYPES.find((known) => known === given);
  if (type === undefined) throw new Untranslatable(`This provider takes images as ${IMAGE_TYPES.join(', ')} only.`);
  return { type: 'base64', media_type: type, data: media.base64 };
}

function toDocument(media: Media): DocumentBlock['source'] {
  if (media.base64 === null) return { type: 'url', url: media.url ?? '' };
  const type = mimeTypeOf(media, 'application/pdf').toLowerCase();
  if (type === 'application/pdf') return { type: 'base64', media_type: 'application/pdf', data: media.base64 };
  if (!type.startsWith('text/')) throw new Untranslatable('This provider takes documents as application/pdf or text only.');
  return { type: 'text', media_type: 'text/plain', data: Buffer.from(media.base64, 'base64').toString('utf8') };
}
