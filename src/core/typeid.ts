/**
 * The two texts of a UUID: canonical hexadecimal, and the 26 digits of base 32 that a TypeID ends in
 * (https://github.com/jetify-com/typeid/tree/main/spec). By hand, because every call makes and books a dozen of them.
 *
 * 26 digits hold 130 bits: two zero bits, then the UUID's 128, most significant first.
 */
const BASE_32 = '0123456789abcdefghjkmnpqrstvwxyz';
const SUFFIX = new RegExp(`^[0-7][${BASE_32}]{25}$`);
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Two digits at once halve the number of texts that are joined. */
const PAIRS: readonly string[] = Array.from(BASE_32, (high) => Array.from(BASE_32, (low) => high + low)).flat();
const HEX_PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const VALUE_OF_HEX = valuesOf('0123456789abcdef');
const VALUE_OF_BASE_32 = valuesOf(BASE_32);
const HYPHEN = 0x2d;

export function isSuffix(text: string): boolean {
  return text.length === 26 && SUFFIX.test(text);
}

/** `bytes`: 16 of them. */
export function suffixOfBytes(bytes: Uint8Array): string {
  let suffix = '';
  let held = 0;
  let bits = 2;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    if (bits < 10) continue;
    bits -= 10;
    suffix += PAIRS[held >> bits] ?? '';
    held &= (1 << bits) - 1;
  }
  return suffix;
}

/** @throws RangeError where the text is no UUID. */
export function suffixOfUuid(uuid: string): string {
  if (!UUID.test(uuid)) throw new RangeError('a UUID is needed');
  let suffix = '';
  let held = 0;
  let bits = 2;
  for (let position = 0; position < uuid.length; position += 1) {
    const code = uuid.charCodeAt(position);
    if (code === HYPHEN) continue;
    held = (held << 4) | (VALUE_OF_HEX[code] ?? 0);
    bits += 4;
    if (bits < 10) continue;
    bits -= 10;
    suffix += PAIRS[held >> bits] ?? '';
    held &= (1 << bits) - 1;
  }
  return suffix;
}

/** @throws RangeError where the text is no TypeID's suffix. */
export function uuidOfSuffix(suffix: string): string {
  if (!isSuffix(suffix)) throw new RangeError('the suffix of a TypeID is needed');
  let uuid = '';
  let held = 0;
  let bits = -2;
  for (let position = 0; position < suffix.length; position += 1) {
    held = (held << 5) | (VALUE_OF_BASE_32[suffix.charCodeAt(position)] ?? 0);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    uuid += HEX_PAIRS[held >> bits] ?? '';
    held &= (1 << bits) - 1;
    if (uuid.length === 8 || uuid.length === 13 || uuid.length === 18 || uuid.length === 23) uuid += '-';
  }
  return uuid;
}

/** What each character is worth, by its code. */
function valuesOf(digits: string): Uint8Array {
  const values = new Uint8Array(128);
  for (const [value, digit] of Array.from(digits).entries()) {
    values[digit.charCodeAt(0)] = value;
    values[digit.toUpperCase().charCodeAt(0)] = value;
  }
  return values;
}
