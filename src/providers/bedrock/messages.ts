import { assertNever } from '../../core/assert-never.js';
import type { Message, Part } from '../../core/completion.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject } from '../../core/json.js';
import { Untranslatable } from '../contract.js';
import { tidyConversation, uniqueCallIds } from '../conversation.js';
import { leftOut } from '../extra-fields.js';
import { parseJson } from '../json-read.js';
import { isForeignSignature } from '../signatures.js';
import { REDACTED_MARK } from './answer.js';
import type { Family } from './families.js';
import { toAudio, toDocument, toImage } from './media.js';
import type { AudioBlock, DocumentBlock, ImageBlock } from './media.js';

export type CachePoint = { cachePoint: { type: 'default'; ttl?: '1h' } };
export type TextBlock = { text: string };
type Input = { [name: string]: JsonObject[string] };
type ResultContent = TextBlock | ImageBlock | DocumentBlock | { json: Input };
type ThoughtBlock = { reasoningContent: { reasoningText: { text: string; signature: string } } | { redactedContent: string } };
export type ConverseBlock =
  | TextBlock
  | ImageBlock
  | DocumentBlock
  | AudioBlock
  | CachePoint
  | ThoughtBlock
  | { toolUse: { toolUseId: string; name: string; input: Input } }
  | { toolResult: { toolUseId: string; content: ResultContent[]; status?: 'error' } };
export type ConverseMessage = { role: 'user' | 'assistant'; content: ConverseBlock[] };

export interface ConverseMessages {
  readonly system: (TextBlock | CachePoint)[];
  readonly messages: ConverseMessage[];
  readonly warnings: readonly string[];
}

interface Conversation {
  readonly family: Family;
  readonly warnings: Set<string>;
  /** Names of documents must differ. */
  readonly names: Set<string>;
}

/** What a call's id may look like, and a tool's name. */
const CALL_ID = /[^\w.:-]/g;
const TOOL_NAME = /[^\w-]/g;
const LONGEST_NAME = 64;

/**
 * System messages leave the conversation; the rest alternates between user and assistant and begins with the user
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html).
 */
export function toConverseMessages(conversation: readonly Message[], family: Family): ConverseMessages {
  const place: Conversation = { family, warnings: new Set(), names: new Set() };
  const tidy = uniqueCallIds(tidyConversation(conversation), CALL_ID);
  const firstSpoken = tidy.findIndex(({ role }) => role !== 'SYSTEM');
  if (firstSpoken >= 0 && tidy.findLastIndex(({ role }) => role === 'SYSTEM') > firstSpoken)
    place.warnings.add('System messages were moved to the beginning: the provider takes them nowhere else.');
  const system = tidy.filter(({ role }) => role === 'SYSTEM').flatMap(({ parts }) => parts.flatMap((part) => toSystem(part, place)));
  const spoken = tidy.filter(({ role }) => role !== 'SYSTEM');
  const messages = mergeTurns(spoken.map((message) => ({ role: roleOf(message), content: toBlocks(message, place) })));
  return { ...beginWithUser(messages.map(withWords), { system, warnings: place.warnings }), warnings: [...place.warnings] };
}

function roleOf({ role }: Message): 'user' | 'assistant' {
  return role === 'ASSISTANT' ? 'assistant' : 'user';
}

/** Adjacent messages of one side are one; those with nothing left to say are none. Results come first. */
function mergeTurns(messages: readonly ConverseMessage[]): readonly ConverseMessage[] {
  const merged: ConverseMessage[] = [];
  for (const { role, content } of messages) {
    if (content.length === 0) continue;
    const last = merged.at(-1);
    if (last?.role === role) last.content.push(...content);
    else merged.push({ role, content: [...content] });
  }
  return merged;
}

/** The vendor takes a document only beside a text. */
function withWords(message: ConverseMessage): ConverseMessage {
  const { content } = message;
  if (!content.some((block) => 'document' in block) || content.some((block) => 'text' in block)) return message;
  return { ...message, content: [...content, { text: '…' }] };
}

function beginWithUser(
  messages: readonly ConverseMessage[],
  { system, warnings }: { system: (TextBlock | CachePoint)[]; warnings: Set<string> },
): Pick<ConverseMessages, 'system' | 'messages'> {
  const last = system.findLastIndex((block) => 'text' in block);
  if (messages.length === 0 && last >= 0) {
    warnings.add('The last system message was sent as the user’s: the provider wants one.');
    return { system: system.slice(0, last), messages: [{ role: 'user', content: system.slice(last) }] };
  }
  if (messages[0]?.role !== 'assistant') return { system, messages: [...messages] };
  warnings.add('A user message “…” was put before the assistant’s first: the provider wants the user to begin.');
  return { system, messages: [{ role: 'user', content: [{ text: '…' }] }, ...messages] };
}

function toSystem(part: Part, place: Conversation): readonly (TextBlock | CachePoint)[] {
  return part.kind === 'text' ? [{ text: part.text }, ...cachePoint(part, place)] : [];
}

/** What is said up to here is kept by the vendor: https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html */
function cachePoint({ promptCache }: Part, { family, warnings }: Conversation): readonly CachePoint[] {
  if (promptCache === undefined) return [];
  if (!family.cachePoints) {
    warnings.add(leftOut('promptCache', 'the provider keeps no prompts of this model'));
    return [];
  }
  if (promptCache === 'ONE_HOUR' && family.cacheForHour) return [{ cachePoint: { type: 'default', ttl: '1h' } }];
  if (promptCache === 'ONE_HOUR') warnings.add('promptCache was sent as FIVE_MINUTES: the provider keeps prompts of this model no longer.');
  return [{ cachePoint: { type: 'default' } }];
}

function toBlocks(message: Message, place: Conversation): ConverseBlock[] {
  switch (message.role) {
    case 'TOOL':
      return [toResult(message, place), ...message.parts.slice(-1).flatMap((part) => cachePoint(part, place))];
    case 'USER':
    case 'SYSTEM':
      return message.parts.flatMap((part) => [toContent(part, place), ...cachePoint(part, place)]);
    case 'ASSISTANT':
      return message.parts.flatMap((part) => toAssistant(part, place));
    default:
      return assertNever(message.role);
  }
}

/** Some models have no flag for an error, so the text says it; an empty result is an empty object, because none is refused. */
function toResult(message: Message, place: Conversation): ConverseBlock {
  const content = message.parts.map((part) => toResultContent(part, place));
  const isTold = message.isError && !place.family.resultStatus;
  const all: ResultContent[] = isTold ? [{ text: 'Error:' }, ...content] : content;
  return {
    toolResult: {
      toolUseId: message.toolCallId ?? '',
      content: all.length === 0 ? [{ json: {} }] : all,
      ...(message.isError && !isTold ? { status: 'error' } : {}),
    },
  };
}

function toResultContent(part: Part, place: Conversation): ResultContent {
  const block = toContent(part, place);
  if ('audio' in block) throw new Untranslatable('This provider takes no audio in a tool’s result.');
  return block;
}

function toAssistant(part: Part, place: Conversation): readonly ConverseBlock[] {
  switch (part.kind) {
    case 'reasoning':
      return toThought(part, place);
    case 'toolCall': {
      const input = parseJson(part.arguments);
      const toolUse = { toolUseId: part.id, name: toToolName(part.name), input: isJsonObject(input) ? { ...input } : {} };
      return [{ toolUse }, ...cachePoint(part, place)];
    }
    case 'text':
      return part.text.trim() === '' ? [] : [{ text: part.text }, ...cachePoint(part, place)];
    case 'image':
    case 'audio':
    case 'document':
      return [toContent(part, place), ...cachePoint(part, place)];
    default:
      return assertNever(part);
  }
}

/** Models make up names now and then; the vendor refuses the whole conversation over one. */
export function toToolName(name: string): string {
  return name.replace(TOOL_NAME, '_').slice(0, LONGEST_NAME);
}

type ReasoningPart = Extract<Part, { kind: 'reasoning' }>;

/** Thinking goes back as it came, in its place, to the models that sign it; what another vendor signed, or nobody, can't. */
function toThought(part: ReasoningPart, { family, warnings }: Conversation): readonly ThoughtBlock[] {
  const { redacted, signature, text, promptCache } = part;
  if (promptCache !== undefined) warnings.add(leftOut('promptCache', 'the provider takes none on reasoning'));
  if (family.signedThoughts && redacted !== null && !isForeignSignature(redacted, 'BEDROCK_CONVERSE'))
    return [{ reasoningContent: { redactedContent: redacted.slice(REDACTED_MARK.length) } }];
  // One and the same model signs on either way to it, and takes its signature on either.
  if (family.signedThoughts && signature !== null && !isForeignSignature(signature, 'ANTHROPIC_MESSAGES'))
    return [{ reasoningContent: { reasoningText: { text: text ?? '', signature } } }];
  warnings.add(leftOut('Reasoning of earlier turns', 'the provider takes back only what it signed itself'));
  return [];
}

function toContent(part: Part, { names }: Conversation): TextBlock | ImageBlock | DocumentBlock | AudioBlock {
  switch (part.kind) {
    case 'text':
      return { text: part.text };
    case 'image':
      return toImage(part.media);
    case 'document':
      return toDocument(part.media, names);
    case 'audio':
      return toAudio(part.media);
    case 'toolCall':
    case 'reasoning':
      throw new Untranslatable(`Only an assistant’s message can hold a ${part.kind} part.`);
    default:
      return assertNever(part);
  }
}
