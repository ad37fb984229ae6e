import type { WireFormat } from '../core/vocabulary.js';

/**
 * Whose a signature is. Vendors sign different parts: Anthropic and OpenAI reasoning, Gemini calls and texts. Where two
 * formats sign the same kind of part, the marks below tell them apart, so that none is sent to a vendor it isn't from.
 */
const MARKS: readonly (readonly [RegExp, WireFormat])[] = [
  [/^rs_[\w-]+:/, 'OPENAI_RESPONSES'],
  [/^gemini:/, 'GEMINI'],
  [/^openrouter:/, 'OPENAI_CHAT'],
  // Of closed thoughts only: what Anthropic's models sign is taken on either way to them.
  [/^bedrock:/, 'BEDROCK_CONVERSE'],
];

/** Whether the signature of a reasoning part, or its closed text, was made by another format's vendor. */
export function isForeignSignature(signature: string, own: WireFormat): boolean {
  const owner = MARKS.find(([mark]) => mark.test(signature))?.[1] ?? 'ANTHROPIC_MESSAGES';
  return owner !== own;
}
