import type { Preset } from '../../src/providers/preset.js';

/** Vendors whose address is each customer's own: what it ends in. */
const OWN_PATHS: Readonly<Record<string, string>> = {
  'azure-openai': '/openai',
  bedrock: '',
  sandbox: '/v1',
  vertex: '/v1/projects/p/locations/europe-west4/publishers/google',
};

/** The path of a vendor's usual address. */
export function basePathOf({ name, baseUrl }: Pick<Preset, 'name' | 'baseUrl'>): string {
  const path = baseUrl === null ? OWN_PATHS[name] : new URL(baseUrl).pathname.replace(/\/$/, '');
  if (path === undefined) throw new Error(`what the address of ${name} ends in is not known`);
  return path;
}
