import type { Preset } from '../preset.js';

/** Servers on one's own machine or network. */
export const LOCAL_PRESETS: readonly Preset[] = [
  // Its variable holds an address, not a key: https://docs.ollama.com/api/openai-compatibility
  {
    name: 'ollama',
    displayName: 'Ollama',
    wireFormat: 'OPENAI_CHAT',
    baseUrl: 'http://127.0.0.1:11434/v1',
    environmentVariable: 'OLLAMA_HOST',
    allowPrivateNetwork: true,
    needsCredential: false,
    operations: ['COMPLETION', 'EMBEDDING'],
    models: [
      { model: 'llama3.2' },
      { model: 'llama3.1' },
      { model: 'qwen3' },
      { model: 'gemma3' },
      { model: 'mistral' },
      { model: 'deepseek-r1' },
      { model: 'nomic-embed-text', operation: 'EMBEDDING' },
    ],
    quirks: { noForm: ['audio', 'document'], imagesAsBytes: true },
  },
  // Serves what it was started with: https://docs.vllm.ai/en/latest/serving/openai_compatible_server
  {
    name: 'vllm',
    displayName: 'vLLM',
    wireFormat: 'OPENAI_CHAT',
    baseUrl: 'http://127.0.0.1:8000/v1',
    environmentVariable: null,
    allowPrivateNetwork: true,
    needsCredential: false,
    operations: ['COMPLETION', 'EMBEDDING', 'TRANSCRIPTION', 'RERANK'],
    models: [],
    quirks: { noForm: ['document'], needsUserMessage: true, reasoningField: 'reasoning_content' },
  },
  // Serves what is loaded: https://lmstudio.ai/docs/developer/openai-compat
  {
    name: 'lm-studio',
    displayName: 'LM Studio',
    wireFormat: 'OPENAI_CHAT',
    baseUrl: 'http://127.0.0.1:1234/v1',
    environmentVariable: null,
    allowPrivateNetwork: true,
    needsCredential: false,
    operations: ['COMPLETION', 'EMBEDDING'],
    models: [],
    quirks: { noForm: ['audio', 'document'], imagesAsBytes: true, needsUserMessage: true },
  },
  // The stand-in upstream; each process knows its own address.
  {
    name: 'sandbox',
    displayName: 'Sandbox',
    wireFormat: 'OPENAI_CHAT',
    baseUrl: null,
    environmentVariable: null,
    allowPrivateNetwork: true,
    needsCredential: false,
    operations: ['COMPLETION', 'EMBEDDING', 'IMAGE', 'SPEECH', 'TRANSCRIPTION', 'MODERATION', 'RERANK'],
    models: [{ model: 'sandbox' }],
  },
];
