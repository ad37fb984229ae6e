import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { Secret } from '../core/secret.js';

/** Unpredictable bytes as an argument; `randomBytes` of node:crypto satisfies it. */
export type RandomBytes = (size: number) => Buffer;

/** Keeps secrets and words at rest. An envelope opens only with the binding it was sealed with. */
export interface Cipher {
  seal(plaintext: string | Buffer, binding: readonly string[]): Buffer;
  /** @throws Error where the envelope was changed, is bound elsewhere, or was sealed under another key. */
  open(envelope: Buffer, binding: readonly string[]): Secret;
  /** As `open`, for what is no text. */
  openBytes(envelope: Buffer, binding: readonly string[]): Buffer;
}

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const HEADER_BYTES = 1 + NONCE_BYTES;

/** One key per purpose from the master key: HKDF-SHA-256 (RFC 5869) with the purpose as `info`. */
export function deriveKey(masterKey: Secret<Buffer>, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey.reveal(), Buffer.alloc(0), purpose, KEY_BYTES));
}

/**
 * AES-256-GCM (NIST SP 800-38D). An envelope is a version byte, a random nonce of 12 bytes, the tag of 16, the ciphertext;
 * version and binding (organization, record) are its associated data, so it can't be moved to another record or tenant.
 */
export function createCipher(settings: { masterKey: Secret<Buffer>; purpose: string; randomBytes: RandomBytes }): Cipher {
  const key = new Secret(deriveKey(settings.masterKey, settings.purpose));
  const openBytes = (envelope: Buffer, binding: readonly string[]): Buffer => {
    if (envelope.length < HEADER_BYTES + TAG_BYTES || envelope[0] !== VERSION) throw new Error('the envelope has an unknown form');
    const nonce = envelope.subarray(1, HEADER_BYTES);
    const tag = envelope.subarray(HEADER_BYTES, HEADER_BYTES + TAG_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key.reveal(), nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(associatedData(binding)).setAuthTag(tag);
    return Buffer.concat([decipher.update(envelope.subarray(HEADER_BYTES + TAG_BYTES)), decipher.final()]);
  };
  return {
    seal(plaintext, binding) {
      const nonce = settings.randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key.reveal(), nonce).setAAD(associatedData(binding));
      const bytes = typeof plaintext === 'string' ? Buffer.from(plaintext, 'utf8') : plaintext;
      const ciphertext = Buffer.concat([cipher.update(bytes), cipher.final()]);
      return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), ciphertext]);
    },
    open: (envelope, binding) => new Secret(openBytes(envelope, binding).toString('utf8')),
    openBytes,
  };
}

/** JSON keeps the parts apart: ["ab","c"] and ["a","bc"] differ. */
function associatedData(binding: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify([VERSION, ...binding]));
}
