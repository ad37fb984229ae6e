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
];
