import type { AssistantMessage, AssistantPart } from '../core/answer.js';
import type { Media, Message, Part } from '../core/completion.js';

/**
 * What REDACTED masks, in this order. Obvious things only, by their form: this keeps secrets out of stored text that nobody
 * meant to store; it is no anonymisation, and no guardrail.
 */
const PATTERNS: readonly { readonly name: string; readonly pattern: RegExp; readonly holds?: (match: string) => boolean }[] = [
  { name: 'private key', pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g },
  { name: 'token', pattern: /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/g },
  { name: 'key', pattern: /\b(?:sk|pk|rk|gp|ghp|gho|ghs|ghr|github_pat|glpat|xox[abprs]|hf|AIza|AKIA|ASIA)[-_]?[\w-]{16,}/g },
  { name: 'bearer', pattern: /\bBearer\s+[\w.~+/-]{16,}=*/gi },
  { name: 'email', pattern: /[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g },
  { name: 'card', pattern: /\b\d(?:[ -]?\d){12,18}\b/g, holds: passesLuhn },
];

export function redactText(text: string): string {
  let redacted = text;
  for (const { name, pattern, holds } of PATTERNS)
    redacted = redacted.replace(pattern, (match) => (holds === undefined || holds(match) ? `[${name}]` : match));
  return redacted;
}

/** The check digit of ISO/IEC 7812-1. */
function passesLuhn(match: string): boolean {
  const digits = (match.match(/\d/g) ?? []).reverse().map(Number);
  const sum = digits.reduce((total, digit, index) => {
    const doubled = digit * 2;
    return total + (index % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

export function redactMessages(messages: readonly Message[]): readonly Message[] {
  return messages.map((message) => ({ ...message, parts: message.parts.map(redactPart) }));
}

export function redactAnswer(message: AssistantMessage): AssistantMessage {
  return { parts: message.parts.map(redactAnswerPart), refusal: message.refusal && redactText(message.refusal) };
}

/** Signatures seal words that are no longer there, and can hold them. Media can't be looked into: only that there was some stays. */
function redactPart(part: Part): Part {
  switch (part.kind) {
    case 'image':
    case 'audio':
    case 'document':
      return { ...part, media: redactMedia(part.media) };
    case 'text':
    case 'toolCall':
    case 'reasoning':
      return redactWords(part);
  }
}

function redactMedia({ mimeType }: Media): Media {
  return { url: null, base64: null, mimeType, name: null };
}

function redactAnswerPart(part: AssistantPart): AssistantPart {
  return part.kind === 'media' ? { ...part, url: null, base64: null } : redactWords(part);
}

type Words = Extract<AssistantPart, { kind: 'text' | 'toolCall' | 'reasoning' }>;

function redactWords(part: Words): Words {
  switch (part.kind) {
    case 'text':
      return { ...part, text: redactText(part.text), signature: null };
    case 'toolCall':
      return { ...part, arguments: redactText(part.arguments), signature: null };
    case 'reasoning':
      return { ...part, text: part.text && redactText(part.text), redacted: null, signature: null };
  }
}
