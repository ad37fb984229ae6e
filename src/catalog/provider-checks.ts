import type { InputChecks } from '../core/input-checks.js';
import { isJsonObject } from '../core/json.js';
import type { JsonValue } from '../core/json.js';
import type { ProviderCredentialInput } from './contract.js';

const MAX_URL_LENGTH = 2_000;
const MAX_REGION_LENGTH = 63;
const MAX_SECRET_LENGTH = 8_192;
const MAX_HEADERS = 32;
const MAX_HEADER_LENGTH = 4_096;
/** A field name as RFC 9110, section 5.1, has it. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
const HEADER_VALUE = /^[\x20-\x7e\x80-\xff]*$/;
/** What would go into a header must not end it. */
const CREDENTIAL = /^[\x21-\x7e]+$/;

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

/** The same address, the same text: without the slash that a path is appended with. */
export function normaliseBaseUrl(baseUrl: string): string {
  return new URL(baseUrl).href.replace(/\/+$/, '');
}

export function checkRegion(checks: InputChecks, region: string): void {
  checks.text('region', region, MAX_REGION_LENGTH);
}

export function checkCredential(checks: InputChecks, credential: ProviderCredentialInput): void {
  const { apiKey } = credential;
  if (apiKey === undefined || apiKey === null) checks.add('credential', 'must hold apiKey');
  else if (!CREDENTIAL.test(apiKey) || apiKey.length > MAX_SECRET_LENGTH)
    checks.add('credential.apiKey', `must be 1 to ${MAX_SECRET_LENGTH} printable ASCII characters without spaces`);
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
