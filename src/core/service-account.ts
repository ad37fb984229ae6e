import { createPrivateKey } from 'node:crypto';
import type { CloudAccount } from './cloud-account.js';
import { isJsonObject } from './json.js';
import type { JsonObject, JsonValue } from './json.js';

export type ServiceAccount = Extract<CloudAccount, { readonly kind: 'googleServiceAccount' }>;

export interface KeyFileReading {
  /** Null where the file is no object; of no use where there are problems. */
  readonly account: ServiceAccount | null;
  /** `field` is null where the whole file is meant. Never a value. */
  readonly problems: readonly { readonly field: string | null; readonly problem: string }[];
}

const LONGEST_FIELD = 8_192;
const GOOGLE_TOKEN_URI = 'https://oauth2.googleapis.com/token';

/** The key file of a service account as the vendor's console makes it (https://cloud.google.com/iam/docs/keys-create-delete). */
export function readKeyFile(file: JsonValue | undefined): KeyFileReading {
  if (!isJsonObject(file)) return { account: null, problems: [{ field: null, problem: 'must be the object of a key file' }] };
  const [clientEmail, privateKey] = [textAt(file, 'client_email'), textAt(file, 'private_key')];
  const isNamed = (text: string | null) => text !== null && text !== '' && text.length <= LONGEST_FIELD;
  const problem = `must be a text of 1 to ${String(LONGEST_FIELD)} characters`;
  const problems = [
    ...(isNamed(clientEmail) ? [] : [{ field: 'client_email', problem }]),
    ...(isNamed(privateKey) ? [] : [{ field: 'private_key', problem }]),
    ...(file['type'] === undefined || file['type'] === 'service_account' ? [] : [{ field: 'type', problem: 'must be service_account' }]),
    ...(privateKey === null || !isNamed(privateKey) || isRsaKey(privateKey)
      ? []
      : [{ field: 'private_key', problem: 'must be an RSA key in PEM form' }]),
  ];
  const who = { clientEmail: clientEmail ?? '', privateKey: privateKey ?? '', privateKeyId: textAt(file, 'private_key_id') };
  const where = { tokenUri: textAt(file, 'token_uri') ?? GOOGLE_TOKEN_URI, projectId: textAt(file, 'project_id') };
  return { account: { kind: 'googleServiceAccount', ...who, ...where }, problems };
}

function textAt(file: JsonObject, name: string): string | null {
  const value = file[name];
  return typeof value === 'string' ? value : null;
}

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}
