import type { UploadedFile } from '../../core/files.js';

/** How the first bytes of a recording look, by the place where they stand. */
const STARTS: readonly (readonly [number, string, string])[] = [
  [8, 'WAVE', 'audio/wav'],
  [8, 'AIFF', 'audio/aiff'],
  [4, 'ftyp', 'audio/m4a'],
  [0, 'OggS', 'audio/ogg'],
  [0, 'fLaC', 'audio/flac'],
  [0, 'ID3', 'audio/mpeg'],
];
const LONGEST_START_BYTES = 12;
const USUAL = 'audio/mpeg';

/** What its sender calls it, in the vendor's words, which lack some; else what its first bytes tell. */
export function audioTypeOf({ mimeType, bytes }: UploadedFile): string {
  if (mimeType !== null) return /^audio\/(x-wav|wave|vnd\.wave)$/.test(mimeType) ? 'audio/wav' : mimeType;
  const head = bytes.head(LONGEST_START_BYTES).toString('latin1');
  return STARTS.find(([at, start]) => head.startsWith(start, at))?.[2] ?? USUAL;
}

/** The form has no place for bytes but a text. */
export function base64Of({ bytes }: UploadedFile): string {
  return Buffer.concat(bytes.pieces).toString('base64');
}
