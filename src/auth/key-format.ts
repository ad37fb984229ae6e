import { createHmac, hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import type { Secret } from '../core/secret.js';

/**
 * An API key: `gp_`, 33 random base-62 characters (196 bits), and 6 base-62 characters of the CRC-32 of all before them,
 * so that secret scanners know one for certain and nonsense is refused without a query.
 */
export type WellFormedKey = string & { readonly [wellFormedBrand]: true };
declare const wellFormedBrand: unique symbol;

export type RandomBytes = (size: number) => Buffer;
/** HMAC-SHA-256 of a key under the pepper: 32 bytes. */
export type HashKey = (key: WellFormedKey) => Buffer;

/** The purpose under which the pepper derives from the master key. Changing it voids every key. */
export const PEPPER_PURPOSE = 'glidepath api key pepper v1';

const BRAND = 'gp_';
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 33;
const CHECKSUM_LENGTH = 6;
const BODY_LENGTH = BRAND.length + RANDOM_LENGTH;
const KEY_LENGTH = BODY_LENGTH + CHECKSUM_LENGTH;
const KEY = new RegExp(`^${BRAND}[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}$`);
const SHOWN_LENGTH = 10;
/** The largest multiple of 62 in a byte: what lies above it would favour the first digits. */
const UNBIASED_BELOW = 248;

export function generateKey(randomBytes: RandomBytes): WellFormedKey {
  let body = BRAND;
  while (body.length < BODY_LENGTH) {
    for (const byte of randomBytes(RANDOM_LENGTH)) {
      if (byte < UNBIASED_BELOW && body.length < BODY_LENGTH) body += DIGITS.charAt(byte % DIGITS.length);
    }
  }
  return (body + checksum(body)) as WellFormedKey;
}

/** The key as it was presented, or null where it can't be one. Costs the same few steps for any nonsense of any length. */
export function parseKey(presented: string): WellFormedKey | null {
  if (presented.length !== KEY_LENGTH || !KEY.test(presented)) return null;
  return checksum(presented.slice(0, BODY_LENGTH)) === presented.slice(BODY_LENGTH) ? (presented as WellFormedKey) : null;
}

/** The start of a key, fit to show: it leaves over 150 random bits in the dark. */
export function shownPrefix(key: WellFormedKey): string {
  return key.slice(0, SHOWN_LENGTH);
}

/** Keys in use at a time, of which the hash is remembered. */
const REMEMBERED_HASHES = 10_000;

/**
 * An HMAC takes several times as long as one plain digest, so hashes are remembered, but never beside the key itself: under a
 * digest of pepper and key, which tells no more of a key than the hash does.
 */
export function createKeyHash(pepper: Secret<Buffer>): HashKey {
  const salt = pepper.reveal().toString('hex');
  const hashes = new LRUCache<string, Buffer>({ max: REMEMBERED_HASHES });
  return (key) => {
    const print = hash('sha256', salt + key, 'base64');
    const known = hashes.get(print);
    if (known) return known;
    const hashed = createHmac('sha256', pepper.reveal()).update(key).digest();
    hashes.set(print, hashed);
    return hashed;
  };
}

function checksum(body: string): string {
  let rest = crc32(body);
  let digits = '';
  for (let position = 0; position < CHECKSUM_LENGTH; position += 1) {
    digits = DIGITS.charAt(rest % DIGITS.length) + digits;
    rest = Math.floor(rest / DIGITS.length);
  }
  return digits;
}
