import type { WireFormat } from '../core/vocabulary.js';
import type { WireFormatAdapter } from './contract.js';
import { anthropicMessages } from './anthropic/adapter.js';
import { bedrockConverse } from './bedrock/adapter.js';
import { gemini } from './gemini/adapter.js';
import { openAiChat } from './openai-chat/adapter.js';
import { openAiResponses } from './openai-responses/adapter.js';

/** The wire formats that are built: one line each. */
export const WIRE_FORMAT_ADAPTERS: ReadonlyMap<WireFormat, WireFormatAdapter> = new Map([
  ['OPENAI_CHAT', openAiChat],
  ['ANTHROPIC_MESSAGES', anthropicMessages],
  ['GEMINI', gemini],
  ['OPENAI_RESPONSES', openAiResponses],
  ['BEDROCK_CONVERSE', bedrockConverse],
]);
