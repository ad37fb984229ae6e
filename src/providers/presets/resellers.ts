import type { Preset } from '../preset.js';

/** Hosts of many makers' models, on the open network. The model names are those of the price data. */
export const RESELLER_PRESETS: readonly Preset[] = [
  // https://docs.together.ai/reference/chat-completions-1
  {
    name: 'together',
    displayName: 'Together AI',
    wireFormat: 'OPENAI_CHAT',
    baseUrl: 'https://api.together.xyz/v1',
    environmentVariable: 'TOGETHER_API_KEY',
    allowPrivateNetwork: false,
    needsCredential: true,
    operations: ['COMPLETION', 'EMBEDDING', 'IMAGE', 'RERANK'],
    models: [
      { model: 'meta-llama-llama-3.3-70b-instruct-turbo', upstreamModel: 'meta-llama/Llama-3.3-70B-Instruct-Turbo' },
      { model: 'meta-llama-meta-llama-3.1-405b-instruct-turbo', upstreamModel: 'meta-llama/Meta-Llama-3.1-405B-Instruct-Turbo' },
      { model: 'meta-llama-meta-llama-3.1-8b-instruct-turbo', upstreamModel: 'meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo' },
      { model: 'meta-llama-llama-4-maverick-17b-128e-instruct-fp8', upstreamModel: 'meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8' },
      { model: 'meta-llama-llama-4-scout-17b-16e-instruct', upstreamModel: 'meta-llama/Llama-4-Scout-17B-16E-Instruct' },
    ],
    quirks: { noForm: ['audio', 'document'] },
  },
  // https://docs.fireworks.ai/api-reference/post-chatcompletions
  {
    name: 'fireworks',
    displayName: 'Fireworks AI',
    wireFormat: 'OPENAI_CHAT',
    baseUrl: 'https://api.fireworks.ai/inference/v1',
    environmentVariable: 'FIREWORKS_API_KEY',
    allowPrivateNetwork: false,
    needsCredential: true,
    operations: ['COMPLETION', 'EMBEDDING', 'RERANK'],
    models: [
      { model: 'deepseek-v4-pro', upstreamModel: 'accounts/fireworks/models/deepseek-v4-pro' },
      { model: 'deepseek-v4-flash', upstreamModel: 'accounts/fireworks/models/deepseek-v4-flash' },
      { model: 'glm-5p2', upstreamModel: 'accounts/fireworks/models/glm-5p2' },
      { model: 'kimi-k3', upstreamModel: 'accounts/fireworks/models/kimi-k3' },
      { model: 'kimi-k2p6', upstreamModel: 'accounts/fireworks/models/kimi-k2p6' },
      { model: 'minimax-m3', upstreamModel: 'accounts/fireworks/models/minimax-m3' },
      { model: 'qwen3p7-plus', upstreamModel: 'accounts/fireworks/models/qwen3p7-plus' },
      { model: 'gpt-oss-120b', upstreamModel: 'accounts/fireworks/models/gpt-oss-120b' },
      { model: 'gpt-oss-20b', upstreamModel: 'accounts/fireworks/models/gpt-oss-20b' },
      { model: 'llama-v3p1-8b-instruct', upstreamModel: 'accounts/fireworks/models/llama-v3p1-8b-instruct' },
    ],
    quirks: { noForm: ['audio', 'document'] },
  },
  // https://openrouter.ai/docs/api-reference/chat-completion
  {
    name: 'openrouter',
    displayName: 'OpenRouter',
    wireFormat: 'OPENAI_CHAT',
    baseUrl: 'https://openrouter.ai/api/v1',
    environmentVariable: 'OPENROUTER_API_KEY',
    allowPrivateNetwork: false,
    needsCredential: true,
    operations: ['COMPLETION', 'EMBEDDING'],
    models: [
      { model: 'openai-gpt-6-sol', upstreamModel: 'openai/gpt-6-sol' },
      { model: 'openai-gpt-5.4-mini', upstreamModel: 'openai/gpt-5.4-mini' },
      { model: 'anthropic-claude-sonnet-5', upstreamModel: 'anthropic/claude-sonnet-5' },
      { model: 'anthropic-claude-haiku-4.5', upstreamModel: 'anthropic/claude-haiku-4.5' },
      { model: 'google-gemini-3.5-flash', upstreamModel: 'google/gemini-3.5-flash' },
      { model: 'google-gemini-2.5-pro', upstreamModel: 'google/gemini-2.5-pro' },
      { model: 'deepseek-deepseek-v4-pro', upstreamModel: 'deepseek/deepseek-v4-pro' },
      { model: 'moonshotai-kimi-k3', upstreamModel: 'moonshotai/kimi-k3' },
      { model: 'qwen-qwen3.7-plus', upstreamModel: 'qwen/qwen3.7-plus' },
      { model: 'meta-llama-llama-3.3-70b-instruct', upstreamModel: 'meta-llama/llama-3.3-70b-instruct' },
    ],
    quirks: { reasoningField: 'reasoning', reasoningObject: true, reasoningDetails: true, documentByUrl: true, cacheControl: true },
  },
];
