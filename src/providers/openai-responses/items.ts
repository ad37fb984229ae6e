import { assertNever } from '../../core/assert-never.js';
import type { Message, Part } from '../../core/completion.js';
import { Untranslatable } from '../contract.js';
import { tidyConversation, uniqueCallIds } from '../conversation.js';
import { leftOut } from '../extra-fields.js';
import { urlOf } from '../media.js';
import { isForeignSignature } from '../signatures.js';

export type InputContent =
  | { type: 'input_text'; text: string }
  | { type: 'input_image'; image_url: string; detail: 'auto' }
  | { type: 'input_file'; filename?: string; file_data?: string; file_url?: string };

export type InputItem =
  | { role: 'system' | 'user'; content: string | InputContent[] }
  | { role: 'assistant'; content: string }
  | { type: 'reasoning'; id: string; summary: { type: 'summary_text'; text: string }[]; encrypted_content: string }
  | { type: 'function_call'; call_id: string; name: string; arguments: string }
  | { type: 'function_call_output'; call_id: string; output: string | InputContent[] };

export interface InputItems {
  readonly input: InputItem[];
  readonly warnings: readonly string[];
}

const CALL_ID = /[^\w-]/g;

/** Each part of an assistant's message is an item of its own, in order: https://platform.openai.com/docs/api-reference/responses */
export function toInputItems(conversation: readonly Message[]): InputItems {
  const warnings = new Set<string>();
  const tidy = uniqueCallIds(tidyConversation(conversation), CALL_ID);
  return { input: tidy.flatMap((message) => toItems(message, warnings)), warnings: [...warnings] };
}

function toItems(message: Message, warnings: Set<string>): readonly InputItem[] {
  switch (message.role) {
    case 'SYSTEM':
      return [{ role: 'system', content: textOrContent(message.parts) }];
    case 'USER':
      return [{ role: 'user', content: textOrContent(message.parts) }];
    case 'TOOL':
      return [{ type: 'function_call_output', call_id: message.toolCallId ?? '', output: toOutput(message) }];
    case 'ASSISTANT':
      return message.parts.flatMap((part) => toAssistantItems(part, warnings));
    default:
      return assertNever(message.role);
  }
}

/** The form has no error flag, so the text says it. */
function toOutput(message: Message): string | InputContent[] {
  const flag: Part = { kind: 'text', text: 'Error:', signature: null };
  const output = textOrContent(message.isError ? [flag, ...message.parts] : message.parts);
  if (typeof output === 'string' || output.some(({ type }) => type !== 'input_text')) return output;
  return output.map((content) => (content.type === 'input_text' ? content.text : '')).join('\n');
}

function textOrContent(parts: readonly Part[]): string | InputContent[] {
  const content = parts.map(toContent);
  const [first, ...rest] = content;
  return first?.type === 'input_text' && rest.length === 0 ? first.text : content;
}

function toContent(part: Part): InputContent {
  switch (part.kind) {
    case 'text':
      return { type: 'input_text', text: part.text };
    case 'image':
      return { type: 'input_image', image_url: urlOf(part.media, 'image/png'), detail: 'auto' };
    case 'document':
      if (part.media.url !== null) return { type: 'input_file', file_url: part.media.url };
      return { type: 'input_file', filename: part.media.name ?? 'document.pdf', file_data: urlOf(part.media, 'application/pdf') };
    case 'audio':
      throw new Untranslatable('This provider takes no audio in this wire format.');
    case 'toolCall':
    case 'reasoning':
      throw new Untranslatable(`Only an assistant’s message can hold a ${part.kind} part.`);
    default:
      return assertNever(part);
  }
}

/** Reasoning goes back encrypted, under the id it had; see `answer.ts` for how the two make one signature. */
function toAssistantItems(part: Part, warnings: Set<string>): readonly InputItem[] {
  switch (part.kind) {
    case 'text':
      return part.text === '' ? [] : [{ role: 'assistant', content: part.text }];
    case 'toolCall':
      return [
        { type: 'function_call', call_id: part.id, name: part.name, arguments: part.arguments.trim() === '' ? '{}' : part.arguments },
      ];
    case 'reasoning': {
      const { signature, text } = part;
      if (signature === null || isForeignSignature(signature, 'OPENAI_RESPONSES')) {
        warnings.add(leftOut('Reasoning of earlier turns', 'the provider takes back only what it signed itself'));
        return [];
      }
      const mark = signature.indexOf(':');
      const summary = text === null || text === '' ? [] : [{ type: 'summary_text' as const, text }];
      return [{ type: 'reasoning', id: signature.slice(0, mark), summary, encrypted_content: signature.slice(mark + 1) }];
    }
    case 'image':
    case 'audio':
    case 'document':
      throw new Untranslatable(`An assistant’s message can't hold a ${part.kind} part in this wire format.`);
    default:
      return assertNever(part);
  }
}
