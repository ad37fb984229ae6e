import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The key file of a service account, as Google's console makes it; `text` instead of a good one. */
export function writeKeyFile(text?: string): { readonly file: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'glidepath-key-'));
  const file = path.join(folder, 'key.json');
  writeFileSync(file, text ?? JSON.stringify(keyFile()));
  return { file, remove: () => rmSync(folder, { recursive: true }) };
}

function keyFile() {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return {
    ...{ type: 'service_account', project_id: 'acme', private_key_id: 'key-1', private_key: privateKey },
    ...{ client_email: 'gateway@acme.iam.gserviceaccount.com', token_uri: 'https://oauth2.googleapis.com/token' },
  };
}
