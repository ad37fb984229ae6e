import type Anthropic from '@anthropic-ai/sdk';
import type { StopReason } from '@aws-sdk/client-bedrock-runtime';
import type { FinishReason as GeminiReason } from '@google/genai';
import { describe, expect, test } from '@jest/globals';
import type { ChatCompletion } from 'openai/resources/chat/completions';
import type { Response } from 'openai/resources/responses/responses';
import type { FinishReason } from '../../src/core/vocabulary.js';
import { STOP_REASON_TABLE as ANTHROPIC } from '../../src/providers/anthropic/answer.js';
import { STOP_REASON_TABLE as BEDROCK } from '../../src/providers/bedrock/answer.js';
import { FINISH_REASON_TABLE as GEMINI } from '../../src/providers/gemini/answer.js';
import { FINISH_REASON_TABLE as OPENAI_CHAT } from '../../src/providers/openai-chat/answer.js';
import { FINISH_REASON_TABLE as OPENAI_RESPONSES } from '../../src/providers/openai-responses/answer.js';

/** What each vendor's own types document, and what it means; does not compile while a reason is missing. */
const anthropic: Record<Anthropic.StopReason, FinishReason> = {
  end_turn: 'STOP',
  stop_sequence: 'STOP',
  max_tokens: 'LENGTH',
  tool_use: 'TOOL_CALLS',
  pause_turn: 'PAUSED',
  refusal: 'REFUSAL',
  model_context_window_exceeded: 'CONTEXT_LENGTH',
};

const bedrock: Record<StopReason, FinishReason> = {
  end_turn: 'STOP',
  stop_sequence: 'STOP',
  max_tokens: 'LENGTH',
  tool_use: 'TOOL_CALLS',
  guardrail_intervened: 'CONTENT_FILTER',
  content_filtered: 'CONTENT_FILTER',
  malformed_model_output: 'INCOMPLETE',
  malformed_tool_use: 'INCOMPLETE',
  model_context_window_exceeded: 'CONTEXT_LENGTH',
};

const gemini: Record<`${GeminiReason}`, FinishReason> = {
  FINISH_REASON_UNSPECIFIED: 'OTHER',
  STOP: 'STOP',
  MAX_TOKENS: 'LENGTH',
  SAFETY: 'CONTENT_FILTER',
  RECITATION: 'CONTENT_FILTER',
  LANGUAGE: 'OTHER',
  OTHER: 'OTHER',
  BLOCKLIST: 'CONTENT_FILTER',
  PROHIBITED_CONTENT: 'CONTENT_FILTER',
  SPII: 'CONTENT_FILTER',
  MALFORMED_FUNCTION_CALL: 'INCOMPLETE',
  IMAGE_SAFETY: 'CONTENT_FILTER',
  UNEXPECTED_TOOL_CALL: 'INCOMPLETE',
  TOO_MANY_TOOL_CALLS: 'INCOMPLETE',
  IMAGE_PROHIBITED_CONTENT: 'CONTENT_FILTER',
  NO_IMAGE: 'OTHER',
  IMAGE_RECITATION: 'CONTENT_FILTER',
  IMAGE_OTHER: 'OTHER',
  CONTINUATION: 'LENGTH',
};

const openAiChat: Record<ChatCompletion.Choice['finish_reason'], FinishReason> = {
  stop: 'STOP',
  length: 'LENGTH',
  tool_calls: 'TOOL_CALLS',
  function_call: 'TOOL_CALLS',
  content_filter: 'CONTENT_FILTER',
};

const openAiResponses: Record<NonNullable<NonNullable<Response['incomplete_details']>['reason']>, FinishReason> = {
  max_output_tokens: 'LENGTH',
  content_filter: 'CONTENT_FILTER',
};

describe('S18 every reason that a vendor’s own types document has its meaning', () => {
  test.each([
    ['ANTHROPIC_MESSAGES', anthropic, ANTHROPIC],
    ['BEDROCK_CONVERSE', bedrock, BEDROCK],
    ['GEMINI', gemini, GEMINI],
    ['OPENAI_CHAT', openAiChat, OPENAI_CHAT],
    ['OPENAI_RESPONSES', openAiResponses, OPENAI_RESPONSES],
  ] as const)('%s', (_, documented, table) => {
    for (const [raw, reason] of Object.entries(documented)) expect([raw, table.get(raw)]).toEqual([raw, reason]);
  });
});
