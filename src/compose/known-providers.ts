import type { KnownProviders } from '../catalog/contract.js';
import { WIRE_FORMAT_ADAPTERS } from '../providers/adapters.js';
import { findPreset, PRESETS } from '../providers/presets.js';

/** What the catalogue may know of providers. */
export const KNOWN_PROVIDERS: KnownProviders = {
  wireFormats: new Set(WIRE_FORMAT_ADAPTERS.keys()),
  preset: findPreset,
  presets: PRESETS,
};
