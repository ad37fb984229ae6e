import { isDeepStrictEqual } from 'node:util';
import type { Media, Message, Part } from '../core/completion.js';

/**
 * A conversation as every vendor accepts it, still in neutral words: without blank texts, with bytes instead of data URLs, each tool result right behind the
 * calls it answers (in the order the results came), duplicate results merged. What else came in between follows them.
 */
export function tidyConversation(messages: readonly Message[]): readonly Message[] {
  const tidy: Message[] = [];
  let turn: Message[] = [];
  const flush = () => {
    tidy.push(...resultsFirst(turn));
    turn = [];
  };
  for (const message of messages.map((each) => withoutBlanks(withBytes(each)))) {
    if (message.parts.length === 0 && message.role !== 'TOOL') continue;
    if (message.role === 'ASSISTANT') flush();
    turn.push(message);
  }
  flush();
  return tidy.length === 0 ? messages : tidy;
}

/**
 * The same conversation with call ids that every vendor takes: of harmless letters, and none twice. Some vendors give no
 * ids, so that ours repeat from turn to turn; a result means the last call of its id before it.
 */
export function uniqueCallIds(messages: readonly Message[], forbidden: RegExp): readonly Message[] {
  const taken = new Set<string>();
  const current = new Map<string, string>();
  const take = (id: string): string => {
    const plain = id.replace(forbidden, '_');
    let free = plain;
    for (let copy = 2; taken.has(free); copy += 1) free = `${plain}_${String(copy)}`;
    taken.add(free);
    current.set(id, free);
    return free;
  };
  return messages.map((message) => {
    if (message.role === 'TOOL')
      return message.toolCallId === null ? message : { ...message, toolCallId: current.get(message.toolCallId) ?? message.toolCallId };
    const parts = message.parts.map((part) => (part.kind === 'toolCall' ? { ...part, id: take(part.id) } : part));
    return { ...message, parts };
  });
}

/** The position of the message that began the current turn: what follows it is the model's own work on one question. */
export function currentTurnStart(messages: readonly Message[]): number {
  return messages.findLastIndex((message) => message.role === 'USER');
}

/** A data URL (RFC 2397) says what base64 says, and fewer vendors take it. */
const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w.+-]+=[\w.+-]+)*;base64,([A-Za-z0-9+/=]+)$/;

function withBytes(message: Message): Message {
  if (!message.parts.some((part) => 'media' in part && part.media.url?.startsWith('data:') === true)) return message;
  return { ...message, parts: message.parts.map((part) => ('media' in part ? { ...part, media: inBytes(part.media) } : part)) };
}

function inBytes(media: Media): Media {
  const [, mimeType, base64] = DATA_URL.exec(media.url ?? '') ?? [];
  return base64 === undefined ? media : { ...media, url: null, base64, mimeType: media.mimeType ?? mimeType ?? null };
}

function withoutBlanks(message: Message): Message {
  const parts = message.parts.filter((part) => !isBlank(part));
  return parts.length === message.parts.length ? message : { ...message, parts };
}

function isBlank(part: Part): boolean {
  if (part.kind === 'text') return part.signature === null && part.text.trim() === '';
  return part.kind === 'reasoning' && part.signature === null && part.redacted === null && (part.text ?? '') === '';
}

/** One assistant message and what follows until the next; call ids are unique within it, and need not be beyond. */
function resultsFirst(turn: readonly Message[]): readonly Message[] {
  const [first, ...rest] = turn;
  if (first?.role !== 'ASSISTANT') return turn;
  const results = new Map<string, Message>();
  const others: Message[] = [];
  for (const message of rest) {
    if (message.role !== 'TOOL' || message.toolCallId === null) others.push(message);
    else results.set(message.toolCallId, mergeResults(results.get(message.toolCallId), message));
  }
  return [first, ...results.values(), ...others];
}

function mergeResults(earlier: Message | undefined, later: Message): Message {
  if (earlier === undefined) return later;
  const added = isDeepStrictEqual(earlier.parts, later.parts) ? [] : later.parts;
  return { ...earlier, parts: [...earlier.parts, ...added], isError: earlier.isError || later.isError };
}
