import type { CancelPolicy, Capability, HealthState, PriceComponent, WireFormat } from '../../core/vocabulary.js';
import { declareEnum } from '../declare-enum.js';

export const CapabilityEnum = declareEnum<Capability>('Capability', 'What a model can do beyond plain text.', {
  STREAMING: 'Answers word by word.',
  TOOLS: 'Calls tools.',
  PARALLEL_TOOLS: 'Calls several tools in one turn.',
  JSON_MODE: 'Answers in JSON when asked.',
  JSON_SCHEMA: 'Answers in JSON of a given schema.',
  VISION: 'Reads images.',
  AUDIO_INPUT: 'Hears audio.',
  DOCUMENTS: 'Reads documents such as PDF.',
  REASONING: 'Thinks before it answers, to a set effort.',
  PROMPT_CACHING: 'Takes marks for caching the prompt at the provider.',
});

export const WireFormatEnum = declareEnum<WireFormat>('WireFormat', 'The protocol a provider speaks.', {
  OPENAI_CHAT: 'OpenAI’s Chat Completions, and whatever is compatible with it.',
  OPENAI_RESPONSES: 'OpenAI’s Responses.',
  ANTHROPIC_MESSAGES: 'Anthropic’s Messages.',
  GEMINI: 'Google’s generateContent.',
  BEDROCK_CONVERSE: 'Amazon Bedrock’s Converse.',
});

export const CancelPolicyEnum = declareEnum<CancelPolicy>('CancelPolicy', 'What happens upstream when a call is cancelled.', {
  ABORT: 'The upstream call is closed.',
  DRAIN: 'It is read to its end for the true usage, for providers that bill all the same.',
});

export const HealthStateEnum = declareEnum<HealthState>('HealthState', 'Whether a deployment can be called.', {
  HEALTHY: 'It answers.',
  DEGRADED: 'It answers, with more errors than usual.',
  OPEN: 'It is left out after failures, until `until`.',
  HALF_OPEN: 'A few probes find out whether it answers again.',
  DISABLED: 'It, or its provider, is switched off.',
});

export const PriceComponentEnum = declareEnum<PriceComponent>('PriceComponent', 'What a rate is for. The classes of tokens are disjoint.', {
  INPUT: 'Prompt tokens that are in no other class.',
  CACHED_INPUT: 'Prompt tokens read from the provider’s cache.',
  CACHE_WRITE_5M: 'Prompt tokens written to the provider’s cache for five minutes.',
  CACHE_WRITE_1H: 'Prompt tokens written to the provider’s cache for an hour.',
  AUDIO_INPUT: 'Audio tokens of the prompt.',
  IMAGE_INPUT: 'Image tokens of the prompt.',
  OUTPUT: 'Answer tokens that are in no other class.',
  REASONING: 'Tokens the model thought with.',
  AUDIO_OUTPUT: 'Audio tokens of the answer.',
  IMAGE_OUTPUT: 'Image tokens of the answer.',
  REQUEST: 'One request.',
  IMAGE: 'One image.',
  SECOND: 'One second of audio or video.',
  CHARACTER: 'One character.',
});
