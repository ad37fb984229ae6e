import { ANTHROPIC_UNDER_TEST } from './anthropic.js';
import { BEDROCK_UNDER_TEST } from './bedrock.js';
import type { FormatUnderTest } from './format.js';
import { GEMINI_UNDER_TEST } from './gemini.js';
import { OPENAI_CHAT_UNDER_TEST } from './openai-chat.js';
import { OPENAI_RESPONSES_UNDER_TEST } from './openai-responses.js';

/** A further wire format joins with a line here and a file of data beside openai-chat.ts. */
export const FORMATS_UNDER_TEST: readonly FormatUnderTest[] = [
  OPENAI_CHAT_UNDER_TEST,
  ANTHROPIC_UNDER_TEST,
  GEMINI_UNDER_TEST,
  OPENAI_RESPONSES_UNDER_TEST,
  BEDROCK_UNDER_TEST,
];
