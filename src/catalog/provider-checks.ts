import type { InputChecks } from '../core/input-checks.js';
import { isJsonObject } from '../core/json.js';
import type { JsonValue } from '../core/json.js';
import type { ProviderPreset } from './contract.js';
import type { ProviderSecret } from './credential-text.js';

const MAX_URL_LENGTH = 2_000;
const MAX_REGION_LENGTH = 63;
const MAX_HEADERS = 32;
const MAX_HEADER_LENGTH = 4_096;
/** A field name as RFC 9110, section 5.1, has it. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
const HEADER_VALUE = /^[\x20-\x7e\x80-\xff]*$/;

/** The client's own, and those that carry credentials, which belong into `credential`. */
const RESERVED_HEADERS = new Set([
  'accept',
  'accept-encoding',
  'api-key',
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-api-key',
  'x-goog-api-key',
]);

export interface AddressCheck {
  readonly baseUrl: string;
  readonly allowPrivateNetwork: boolean;
  readonly checkUrl: (url: URL, options: { readonly allowPrivateNetwork: boolean }) => string | null;
}

/** Requests append their path, so the address ends before it, and secrets never travel in it. */
export function checkBaseUrl(checks: InputChecks, { baseUrl, allowPrivateNetwork, checkUrl }: AddressCheck): void {
  const url = baseUrl.length <= MAX_URL_LENGTH && URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (url === null) checks.add('baseUrl', 'must be an absolute URL');
  else if (url.protocol !== 'https:' && url.protocol !== 'http:') checks.add('baseUrl', 'must begin with https:// or http://');
  else if (url.username !== '' || url.password !== '')
    checks.add('baseUrl', 'must not hold a user or password: they belong into credential');
  else if (url.search !== '' || url.hash !== '' || /[?#]/.test(baseUrl)) checks.add('baseUrl', 'must not hold a query or fragment');
  else {
    const problem = checkUrl(url, { allowPrivateNetwork });
    if (problem !== null) checks.add('baseUrl', problem);
  }
}

/** A preset's address: its own, or the one for a region, and for a project where it has those. Null where it takes more to know. */
export function addressOf(
  preset: ProviderPreset,
  { region, secret }: { readonly region: string | null; readonly secret: ProviderSecret | null },
): string | null {
  if (preset.baseUrl !== null || preset.regionalUrl === undefined || region === null || !REGION.test(region)) return preset.baseUrl;
  const project = secret?.kind === 'googleServiceAccount' ? secret.projectId : null;
  if (preset.regionalUrl.includes('{project}') && (project === null || !REGION.test(project))) return null;
  // The region that is everywhere has no name in the host.
  const template = region === 'global' ? preset.regionalUrl.replace('{region}-', '') : preset.regionalUrl;
  return template.replaceAll('{region}', region).replaceAll('{project}', project ?? '');
}

/** Nothing that would lead out of its place in an address. */
const REGION = /^[a-z0-9][a-z0-9-]*$/;

export function whyNoAddress(preset: ProviderPreset | null): string {
  if (preset === null) return 'is needed where no preset gives it';
  const regional =
    preset.regionalUrl === undefined ? '' : `; or give region${preset.regionalUrl.includes('{project}') ? ' and a service account' : ''}`;
  return `is needed: the preset ${preset.name} has none of its own${regional}`;
}

/** The same address, the same text: without the slash that a path is appended with. */
export function normaliseBaseUrl(baseUrl: string): string {
  return new URL(baseUrl).href.replace(/\/+$/, '');
}

export function checkRegion(checks: InputChecks, region: string): void {
  checks.text('region', region, MAX_REGION_LENGTH);
}

/** The headers as an object of strings, names in lower case; problems name the header. */
export function readHeaders(checks: InputChecks, input: JsonValue): Readonly<Record<string, string>> {
  if (!isJsonObject(input)) {
    checks.add('headers', 'must be an object of strings');
    return {};
  }
  const entries = Object.entries(input);
  if (entries.length > MAX_HEADERS) checks.add('headers', `must be at most ${MAX_HEADERS}`);
  const headers = new Map<string, string>();
  for (const [name, value] of entries.slice(0, MAX_HEADERS)) {
    const path = `headers.${name}`;
    const lowerCase = name.toLowerCase();
    if (!HEADER_NAME.test(name)) checks.add('headers', `${JSON.stringify(name.slice(0, 128))} is no header name`);
    else if (RESERVED_HEADERS.has(lowerCase)) checks.add(path, "can't be set here");
    else if (headers.has(lowerCase)) checks.add(path, 'is there twice');
    else if (typeof value !== 'string') checks.add(path, 'must be a string');
    else if (!HEADER_VALUE.test(value) || value.length > MAX_HEADER_LENGTH)
      checks.add(path, `must be at most ${MAX_HEADER_LENGTH} characters that fit into a header`);
    else headers.set(lowerCase, value);
  }
  return Object.fromEntries(headers);
}

/** Often enough to know before a call does, and seldom enough to be no load. */
const HEALTH_CHECK_SECONDS = { min: 10, max: 3_600 } as const;

export function readHealthCheck(checks: InputChecks, seconds: number | null | undefined): number | null {
  if (seconds == null) return null;
  checks.integer('healthCheckSeconds', seconds, HEALTH_CHECK_SECONDS);
  return seconds;
}
