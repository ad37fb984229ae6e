import { Secret } from '../core/secret.js';
import type { Reader } from './reader.js';

/** A provider that the environment configures. */
export interface ProviderKey {
  readonly preset: string;
  /** Null where the provider wants none. */
  readonly apiKey: Secret | null;
  /** With the version, as in `http://127.0.0.1:11434/v1`; null: the preset's own. */
  readonly baseUrl: string | null;
}

const KEY_PRESETS: Readonly<Record<string, string>> = {
  OPENAI_API_KEY: 'openai',
  ANTHROPIC_API_KEY: 'anthropic',
  GEMINI_API_KEY: 'gemini',
  MISTRAL_API_KEY: 'mistral',
  GROQ_API_KEY: 'groq',
  DEEPSEEK_API_KEY: 'deepseek',
  MOONSHOT_API_KEY: 'moonshot',
  XAI_API_KEY: 'xai',
  TOGETHER_API_KEY: 'together',
  FIREWORKS_API_KEY: 'fireworks',
  OPENROUTER_API_KEY: 'openrouter',
  PERPLEXITY_API_KEY: 'perplexity',
  CEREBRAS_API_KEY: 'cerebras',
  COHERE_API_KEY: 'cohere',
};
const OLLAMA_PORT = '11434';

export function readProviderKeys(reader: Reader): readonly ProviderKey[] {
  const keys: ProviderKey[] = [];
  for (const [variable, preset] of Object.entries(KEY_PRESETS)) {
    const apiKey = reader.text(variable);
    if (apiKey !== null) keys.push({ preset, apiKey: new Secret(apiKey), baseUrl: null });
  }
  const azure = { key: reader.text('AZURE_OPENAI_API_KEY'), endpoint: reader.parsed('AZURE_OPENAI_ENDPOINT', parseAzureEndpoint) };
  if (azure.key !== null && azure.endpoint !== null)
    keys.push({ preset: 'azure-openai', apiKey: new Secret(azure.key), baseUrl: azure.endpoint });
  for (const [one, other] of [
    ['AZURE_OPENAI_API_KEY', 'AZURE_OPENAI_ENDPOINT'],
    ['AZURE_OPENAI_ENDPOINT', 'AZURE_OPENAI_API_KEY'],
  ] as const)
    if (reader.text(one) !== null && reader.text(other) === null) reader.fault(other, `is required with ${one}`);
  const ollama = reader.parsed('OLLAMA_HOST', parseOllamaHost);
  if (ollama !== null) keys.push({ preset: 'ollama', apiKey: null, baseUrl: ollama });
  return keys;
}

/** The resource's endpoint, with or without the path of the version 1 API. */
function parseAzureEndpoint(given: string): string {
  if (!URL.canParse(given) || new URL(given).protocol !== 'https:') throw new Error('must be a URL such as https://name.openai.azure.com');
  return given.includes('/openai/v1') ? given.replace(/\/+$/, '') : `${new URL(given).origin}/openai/v1`;
}

/** As Ollama itself reads it: `host`, `host:port` or a URL; "any address" is one for servers, so it becomes this machine. */
function parseOllamaHost(given: string): string {
  const text = /^https?:\/\//.test(given) ? given : `http://${given}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url) throw new Error(`must be a host, host:port or URL, not ${JSON.stringify(given)}`);
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = '127.0.0.1';
  if (url.port === '' && !/^https?:\/\//.test(given)) url.port = OLLAMA_PORT;
  return `${url.origin}${url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`;
}
