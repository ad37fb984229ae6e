import type { CloudAccount } from '../core/cloud-account.js';
import type { InputChecks } from '../core/input-checks.js';
import type { JsonValue } from '../core/json.js';
import { readKeyFile } from '../core/service-account.js';
import type { AwsCredentialInput, ProviderCredentialInput } from './contract.js';
import type { ProviderSecret } from './credential-text.js';
import type { AddressCheck } from './provider-checks.js';

const MAX_SECRET_LENGTH = 8_192;
/** What would go into a header must not end it. */
const CREDENTIAL = /^[\x21-\x7e]+$/;
const ACCESS_KEY_ID = /^\w{16,128}$/;

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

/** Its token is asked for at an address that may be called. */
function readGoogle(checks: InputChecks, file: JsonValue, { checkUrl, allowPrivateNetwork }: NetworkCheck): CloudAccount | null {
  const path = 'credential.googleServiceAccount';
  const { account, problems } = readKeyFile(file);
  for (const { field, problem } of problems) checks.add(field === null ? path : `${path}.${field}`, problem);
  if (account === null) return null;
  const { tokenUri } = account;
  const problem = URL.canParse(tokenUri) ? checkUrl(new URL(tokenUri), { allowPrivateNetwork }) : 'is not a URL';
  if (problem !== null) checks.add(`${path}.token_uri`, problem);
  return account;
}
