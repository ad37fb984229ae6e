import { createPrivateKey } from 'node:crypto';
import type { CloudAccount } from '../core/cloud-account.js';
import type { InputChecks } from '../core/input-checks.js';
import { isJsonObject } from '../core/json.js';
import type { JsonObject, JsonValue } from '../core/json.js';
import type { AwsCredentialInput, ProviderCredentialInput } from './contract.js';
import type { ProviderSecret } from './credential-text.js';
import type { AddressCheck } from './provider-checks.js';

const MAX_SECRET_LENGTH = 8_192;
/** What would go into a header must not end it. */
const CREDENTIAL = /^[\x21-\x7e]+$/;
const ACCESS_KEY_ID = /^\w{16,128}$/;
const GOOGLE_TOKEN_URI = 'https://oauth2.googleapis.com/token';

export type NetworkCheck = Pick<AddressCheck, 'checkUrl' | 'allowPrivateNetwork'>;

/** The secret that was given, in the one form of several; null where there is none, or it is reported. */
export function readSecret(
  checks: InputChecks,
  credential: ProviderCredentialInput | null | undefined,
  network: NetworkCheck,
): ProviderSecret | null {
  if (!credential) return null;
  const { apiKey, aws, googleServiceAccount } = credential;
  const given = [apiKey, aws, googleServiceAccount].filter((form) => form !== undefined && form !== null);
  if (given.length !== 1) {
    checks.add('credential', 'must hold exactly one of apiKey, aws and googleServiceAccount');
    return null;
  }
  if (aws) return readAws(checks, aws);
  if (googleServiceAccount !== undefined && googleServiceAccount !== null) return readGoogle(checks, googleServiceAccount, network);
  return { kind: 'apiKey', apiKey: checkSecret(checks, 'credential.apiKey', apiKey ?? '') };
}

function checkSecret(checks: InputChecks, path: string, value: string): string {
  if (!CREDENTIAL.test(value) || value.length > MAX_SECRET_LENGTH)
    checks.add(path, `must be 1 to ${MAX_SECRET_LENGTH} printable ASCII characters without spaces`);
  return value;
}

function readAws(checks: InputChecks, { accessKeyId, secretAccessKey, sessionToken }: AwsCredentialInput): CloudAccount {
  if (!ACCESS_KEY_ID.test(accessKeyId)) checks.add('credential.aws.accessKeyId', 'must be 16 to 128 letters and digits');
  checkSecret(checks, 'credential.aws.secretAccessKey', secretAccessKey);
  if (typeof sessionToken === 'string') checkSecret(checks, 'credential.aws.sessionToken', sessionToken);
  return { kind: 'aws', accessKeyId, secretAccessKey, sessionToken: sessionToken ?? null };
}

/** The key file as the vendor's console makes it (https://cloud.google.com/iam/docs/keys-create-delete). */
function readGoogle(checks: InputChecks, file: JsonValue, { checkUrl, allowPrivateNetwork }: NetworkCheck): CloudAccount | null {
  const path = 'credential.googleServiceAccount';
  if (!isJsonObject(file)) {
    checks.add(path, 'must be the object of a key file');
    return null;
  }
  const clientEmail = textAt(checks, file, 'client_email');
  const privateKey = textAt(checks, file, 'private_key');
  if (file['type'] !== undefined && file['type'] !== 'service_account') checks.add(`${path}.type`, 'must be service_account');
  if (privateKey !== '' && !isRsaKey(privateKey)) checks.add(`${path}.private_key`, 'must be an RSA key in PEM form');
  const tokenUri = typeof file['token_uri'] === 'string' ? file['token_uri'] : GOOGLE_TOKEN_URI;
  const problem = URL.canParse(tokenUri) ? checkUrl(new URL(tokenUri), { allowPrivateNetwork }) : 'is not a URL';
  if (problem !== null) checks.add(`${path}.token_uri`, problem);
  const optional = (name: string) => (typeof file[name] === 'string' ? file[name] : null);
  const account = { clientEmail, privateKey, privateKeyId: optional('private_key_id'), projectId: optional('project_id') };
  return { kind: 'googleServiceAccount', ...account, tokenUri };
}

function textAt(checks: InputChecks, file: JsonObject, name: string): string {
  const value = file[name];
  if (typeof value === 'string' && value !== '' && value.length <= MAX_SECRET_LENGTH) return value;
  checks.add(`credential.googleServiceAccount.${name}`, `must be a text of 1 to ${MAX_SECRET_LENGTH} characters`);
  return '';
}

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}
