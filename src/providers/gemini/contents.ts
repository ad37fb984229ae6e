import { assertNever } from '../../core/assert-never.js';
import type { Media, Message, Part } from '../../core/completion.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject } from '../../core/json.js';
import { Untranslatable } from '../contract.js';
import { currentTurnStart, tidyConversation, uniqueCallIds } from '../conversation.js';
import { leftOut } from '../extra-fields.js';
import { parseJson } from '../json-read.js';
import { mimeTypeOf } from '../media.js';
import { isForeignSignature } from '../signatures.js';
import { THOUGHT_MARK } from './answer.js';

export type TextPart = { text: string; thought?: boolean; thoughtSignature?: string };
export type GeminiPart =
  | TextPart
  | { inlineData: { mimeType: string; data: string } }
  | { fileData: { fileUri: string; mimeType?: string } }
  | { functionCall: { id: string; name: string; args: { [name: string]: JsonObject[string] } }; thoughtSignature?: string }
  | { functionResponse: { id: string; name: string; response: { output: string } | { error: string } } };
export type GeminiContent = { role: 'user' | 'model'; parts: GeminiPart[] };

export interface GeminiContents {
  readonly system: TextPart[];
  readonly contents: GeminiContent[];
  readonly warnings: readonly string[];
}

export interface ContentOptions {
  /** The model refuses calls of the current turn without a signature; one from elsewhere has none. */
  readonly needsSignatures: boolean;
}

const CALL_ID = /[^\w-]/g;
/** What the vendor wants in the place of a signature it never gave: https://ai.google.dev/gemini-api/docs/thought-signatures */
const NO_SIGNATURE = 'skip_thought_signature_validator';

interface Turn extends ContentOptions {
  readonly isCurrent: boolean;
  /** Names by call id. */
  readonly names: Map<string, string>;
  readonly warnings: Set<string>;
}

export function toGeminiContents(conversation: readonly Message[], options: ContentOptions): GeminiContents {
  const warnings = new Set<string>();
  const names = new Map<string, string>();
  const tidy = resultsInOrder(uniqueCallIds(tidyConversation(conversation), CALL_ID));
  const turnStart = currentTurnStart(tidy);
  const system: TextPart[] = [];
  const contents: GeminiContent[] = [];
  for (const [position, message] of tidy.entries()) {
    if (message.role === 'SYSTEM') {
      if (contents.length > 0) warnings.add('System messages were moved to the beginning: the provider takes them nowhere else.');
      system.push(...message.parts.flatMap(toText));
    } else addContents(contents, toContents(message, { ...options, isCurrent: position > turnStart, names, warnings }));
  }
  if (tidy.some(({ parts }) => parts.some((part) => part.kind === 'document' && part.media.name !== null)))
    warnings.add(leftOut('The name of a document'));
  return { ...beginWithUser(contents, { system, warnings }), warnings: [...warnings] };
}

/** Results as the calls stand, which is how the vendor matches them. */
function resultsInOrder(messages: readonly Message[]): readonly Message[] {
  const order = messages.flatMap(({ parts }) => parts.flatMap((part) => (part.kind === 'toolCall' ? [part.id] : [])));
  const rank = new Map(order.map((id, position) => [id, position]));
  const rankOf = ({ toolCallId }: Message) => rank.get(toolCallId ?? '') ?? order.length;
  const ordered: Message[] = [];
  for (const message of messages) {
    let at = ordered.length;
    while (message.role === 'TOOL' && ordered[at - 1]?.role === 'TOOL' && rankOf(message) < rankOf(ordered[at - 1] ?? message)) at -= 1;
    ordered.splice(at, 0, message);
  }
  return ordered;
}

/** Adjacent contents of one side are one, but results stand alone: their number must be that of the calls. */
function addContents(contents: GeminiContent[], added: readonly GeminiContent[]): void {
  for (const content of added) {
    const last = contents.at(-1);
    if (content.parts.length === 0) continue;
    if (last?.role === content.role && holdsResults(last) === holdsResults(content)) last.parts.push(...content.parts);
    else contents.push(content);
  }
}

function holdsResults({ parts }: GeminiContent): boolean {
  return parts.some((part) => 'functionResponse' in part);
}

function beginWithUser(
  contents: GeminiContent[],
  { system, warnings }: { system: TextPart[]; warnings: Set<string> },
): Pick<GeminiContents, 'system' | 'contents'> {
  const last = system.at(-1);
  if (contents.length === 0 && last !== undefined) {
    warnings.add('The last system message was sent as the user’s: the provider wants one.');
    return { system: system.slice(0, -1), contents: [{ role: 'user', parts: [last] }] };
  }
  if (contents[0]?.role !== 'model') return { system, contents };
  warnings.add('A user message “…” was put before the assistant’s first: the provider wants the user to begin.');
  return { system, contents: [{ role: 'user', parts: [{ text: '…' }] }, ...contents] };
}

function toText(part: Part): readonly TextPart[] {
  return part.kind === 'text' ? [{ text: part.text }] : [];
}

function toContents(message: Message, turn: Turn): readonly GeminiContent[] {
  switch (message.role) {
    case 'USER':
    case 'SYSTEM':
      return [{ role: 'user', parts: message.parts.map(toUserPart) }];
    case 'TOOL':
      return toResult(message, turn);
    case 'ASSISTANT':
      return [{ role: 'model', parts: toModelParts(message, turn) }];
    default:
      return assertNever(message.role);
  }
}

/** The text is opaque: whatever JSON it holds is the tool's own. What is not text follows as the user's. */
function toResult(message: Message, { names }: Turn): readonly GeminiContent[] {
  const id = message.toolCallId ?? '';
  const text = message.parts
    .flatMap(toText)
    .map((part) => part.text)
    .join('\n');
  const response = message.isError ? { error: text } : { output: text };
  const attached = message.parts.filter((part) => part.kind !== 'text').map(toUserPart);
  const result: GeminiContent = { role: 'user', parts: [{ functionResponse: { id, name: names.get(id) ?? id, response } }] };
  return [result, { role: 'user', parts: attached }];
}

function toModelParts(message: Message, turn: Turn): GeminiPart[] {
  const parts: GeminiPart[] = [];
  for (const part of message.parts) {
    const isFirstCall = part.kind === 'toolCall' && !parts.some((each) => 'functionCall' in each);
    parts.push(...toModelPart(part, { ...turn, isCurrent: turn.isCurrent && isFirstCall }));
  }
  return parts;
}

function toModelPart(part: Part, turn: Turn): readonly GeminiPart[] {
  switch (part.kind) {
    case 'text':
      return [{ text: part.text, ...signed(part.signature) }];
    case 'reasoning':
      if (part.signature !== null && !isForeignSignature(part.signature, 'GEMINI'))
        return [{ text: part.text ?? '', thought: true, ...signed(part.signature.slice(THOUGHT_MARK.length)) }];
      turn.warnings.add(leftOut('Reasoning of earlier turns', 'the provider takes back only what it signed itself'));
      return [];
    case 'toolCall': {
      turn.names.set(part.id, part.name);
      const args = parseJson(part.arguments);
      const signature = part.signature ?? (turn.needsSignatures && turn.isCurrent ? NO_SIGNATURE : null);
      return [{ functionCall: { id: part.id, name: part.name, args: isJsonObject(args) ? args : {} }, ...signed(signature) }];
    }
    case 'image':
    case 'audio':
    case 'document':
      return [toUserPart(part)];
    default:
      return assertNever(part);
  }
}

function signed(signature: string | null): { thoughtSignature?: string } {
  return signature === null ? {} : { thoughtSignature: signature };
}

function toUserPart(part: Part): GeminiPart {
  switch (part.kind) {
    case 'text':
      return { text: part.text };
    case 'image':
      return toMedia(part.media, 'image/png');
    case 'audio':
      return toMedia(part.media, 'audio/wav');
    case 'document':
      return toMedia(part.media, 'application/pdf');
    case 'toolCall':
    case 'reasoning':
      throw new Untranslatable(`Only an assistant’s message can hold a ${part.kind} part.`);
    default:
      return assertNever(part);
  }
}

function toMedia(media: Media, fallback: string): GeminiPart {
  if (media.base64 !== null) return { inlineData: { mimeType: mimeTypeOf(media, fallback), data: media.base64 } };
  return { fileData: { fileUri: media.url ?? '', ...(media.mimeType === null ? {} : { mimeType: media.mimeType }) } };
}
