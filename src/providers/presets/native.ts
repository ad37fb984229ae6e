import type { Preset } from '../preset.js';

/** Vendors that speak a wire format of their own. The model names are those of the price data. */
export const NATIVE_PRESETS: readonly Preset[] = [
  // https://platform.claude.com/docs/en/about-claude/models/overview
  {
    name: 'anthropic',
    displayName: 'Anthropic',
    wireFormat: 'ANTHROPIC_MESSAGES',
    baseUrl: 'https://api.anthropic.com/v1',
    environmentVariable: 'ANTHROPIC_API_KEY',
    allowPrivateNetwork: false,
    needsCredential: true,
    models: [
      { model: 'claude-opus-5-5' },
      { model: 'claude-opus-5' },
      { model: 'claude-sonnet-5' },
      { model: 'claude-fable-5-1' },
      { model: 'claude-opus-4-8' },
      { model: 'claude-opus-4-6' },
      { model: 'claude-sonnet-4-6' },
      { model: 'claude-sonnet-4-5' },
      { model: 'claude-haiku-4-5' },
    ],
  },
  // https://ai.google.dev/gemini-api/docs/models
  {
    name: 'gemini',
    displayName: 'Google Gemini',
    wireFormat: 'GEMINI',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
    environmentVariable: 'GEMINI_API_KEY',
    allowPrivateNetwork: false,
    needsCredential: true,
    operations: ['COMPLETION', 'EMBEDDING', 'IMAGE'],
    models: [
      { model: 'gemini-3.8-flash' },
      { model: 'gemini-3.7-flash' },
      { model: 'gemini-3.5-flash' },
      { model: 'gemini-3.5-flash-lite' },
      { model: 'gemini-3.1-pro-preview' },
      { model: 'gemini-3.1-flash-lite' },
      { model: 'gemini-2.5-pro' },
      { model: 'gemini-2.5-flash' },
      { model: 'gemini-2.5-flash-lite' },
      { model: 'gemini-embedding-001', operation: 'EMBEDDING' },
    ],
  },
  // Gemini's form, called by a service account: https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest
  {
    name: 'vertex',
    displayName: 'Google Vertex AI',
    wireFormat: 'GEMINI',
    baseUrl: null,
    regionalUrl: 'https://{region}-aiplatform.googleapis.com/v1/projects/{project}/locations/{region}/publishers/google',
    environmentVariable: null,
    allowPrivateNetwork: false,
    needsCredential: true,
    models: [
      { model: 'gemini-3.8-flash' },
      { model: 'gemini-3.5-flash' },
      { model: 'gemini-3.5-flash-lite' },
      { model: 'gemini-2.5-pro' },
      { model: 'gemini-2.5-flash' },
    ],
  },
  // Each account and region has its own models: https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html
  {
    name: 'bedrock',
    displayName: 'Amazon Bedrock',
    wireFormat: 'BEDROCK_CONVERSE',
    baseUrl: null,
    regionalUrl: 'https://bedrock-runtime.{region}.amazonaws.com',
    environmentVariable: null,
    allowPrivateNetwork: false,
    needsCredential: true,
    models: [],
  },
  // The same vendor as `openai`, in its newer form: https://platform.openai.com/docs/api-reference/responses
  {
    name: 'openai-responses',
    displayName: 'OpenAI (Responses)',
    wireFormat: 'OPENAI_RESPONSES',
    baseUrl: 'https://api.openai.com/v1',
    environmentVariable: null,
    allowPrivateNetwork: false,
    needsCredential: true,
    operations: ['COMPLETION', 'EMBEDDING', 'IMAGE', 'SPEECH', 'TRANSCRIPTION', 'MODERATION'],
    models: [
      { model: 'gpt-6-sol' },
      { model: 'gpt-6-luna' },
      { model: 'gpt-5.4' },
      { model: 'gpt-5.4-mini' },
      { model: 'gpt-5.4-nano' },
      { model: 'gpt-4.1' },
      { model: 'o4-mini' },
    ],
  },
];
