import type { Preset, Quirks } from './preset.js';
import { HOSTED_PRESETS } from './presets/hosted.js';
import { RESELLER_PRESETS } from './presets/resellers.js';
import { LOCAL_PRESETS } from './presets/local.js';
import { NATIVE_PRESETS } from './presets/native.js';
import { RETRIEVAL_PRESETS } from './presets/retrieval.js';

export const PRESETS: readonly Preset[] = [
  ...HOSTED_PRESETS,
  ...RESELLER_PRESETS,
  ...NATIVE_PRESETS,
  ...RETRIEVAL_PRESETS,
  ...LOCAL_PRESETS,
];

const BY_NAME: ReadonlyMap<string, Preset> = new Map(PRESETS.map((preset) => [preset.name, preset]));
const PLAIN: Quirks = {};

export function findPreset(name: string): Preset | null {
  return BY_NAME.get(name) ?? null;
}

/** Hosts whose dialect is known also where a provider was made without a preset. */
const HOST_PRESETS: readonly (readonly [RegExp, string])[] = [
  [/^api\.openai\.com$/, 'openai'],
  [/\.(openai\.azure\.com|cognitiveservices\.azure\.com|services\.ai\.azure\.com)$/, 'azure-openai'],
  [/(^|[-.])aiplatform\.(\w+\.rep\.)?googleapis\.com$/, 'vertex'],
];

export function quirksOf(target: { readonly preset: string | null; readonly baseUrl: string }): Quirks {
  const name = target.preset ?? presetOfHost(target.baseUrl);
  return (name === null ? null : findPreset(name)?.quirks) ?? PLAIN;
}

function presetOfHost(baseUrl: string): string | null {
  const host = URL.canParse(baseUrl) ? new URL(baseUrl).hostname : '';
  return HOST_PRESETS.find(([pattern]) => pattern.test(host))?.[1] ?? null;
}
