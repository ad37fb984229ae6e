import type { CloudAccount } from '../core/cloud-account.js';
import { isJsonObject } from '../core/json.js';
import type { JsonObject, JsonValue } from '../core/json.js';

/** A provider's secret, opened: a key, or an account. */
export type ProviderSecret = { readonly kind: 'apiKey'; readonly apiKey: string } | CloudAccount;

/** An account's text begins with this, which no API key can hold. */
const ACCOUNT_MARK = '\n';

/** The text that is sealed: an API key as it is, so that keys sealed by earlier versions open too. */
export function toSecretText(secret: ProviderSecret): string {
  return secret.kind === 'apiKey' ? secret.apiKey : ACCOUNT_MARK + JSON.stringify(secret);
}

/** @throws Error where the text was made by a later version. */
export function fromSecretText(text: string): ProviderSecret {
  if (!text.startsWith(ACCOUNT_MARK)) return { kind: 'apiKey', apiKey: text };
  const parsed: unknown = JSON.parse(text.slice(ACCOUNT_MARK.length));
  const account = isJsonObject(parsed) ? readAccount(parsed) : null;
  if (account === null) throw new Error('an account of an unknown kind');
  return account;
}

function readAccount(fields: JsonObject): CloudAccount | null {
  const { kind, accessKeyId, secretAccessKey, sessionToken, clientEmail, privateKey, privateKeyId, tokenUri, projectId } = fields;
  if (kind === 'aws' && typeof accessKeyId === 'string' && typeof secretAccessKey === 'string')
    return { kind, accessKeyId, secretAccessKey, sessionToken: orNull(sessionToken) };
  const isGoogle = kind === 'googleServiceAccount' && typeof clientEmail === 'string' && typeof tokenUri === 'string';
  if (!isGoogle || typeof privateKey !== 'string') return null;
  return { kind, clientEmail, privateKey, privateKeyId: orNull(privateKeyId), tokenUri, projectId: orNull(projectId) };
}

function orNull(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

/** What of a secret may be shown, to tell it from another. */
export function shownPartOf(secret: ProviderSecret): string {
  switch (secret.kind) {
    case 'apiKey':
      return secret.apiKey;
    case 'aws':
      return secret.accessKeyId;
    case 'googleServiceAccount':
      return secret.privateKeyId ?? '';
  }
}
