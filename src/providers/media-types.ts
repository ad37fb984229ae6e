import type { Part } from '../core/completion.js';

export type MediaPart = Extract<Part, { readonly media: unknown }>;
export type MediaKind = MediaPart['kind'];

export function isMediaPart(part: Part): part is MediaPart {
  return part.kind === 'image' || part.kind === 'audio' || part.kind === 'document';
}

/** What a file's first bytes tell: https://mimesniff.spec.whatwg.org/#matching-a-mime-type-pattern */
interface Signature {
  readonly mimeType: string;
  /** Each text, in Latin-1, at its place. */
  readonly marks: readonly (readonly [number, string])[];
}

const SIGNATURES: readonly Signature[] = [
  { mimeType: 'image/png', marks: [[0, '\x89PNG\r\n\x1a\n']] },
  { mimeType: 'image/jpeg', marks: [[0, '\xff\xd8\xff']] },
  { mimeType: 'image/gif', marks: [[0, 'GIF87a']] },
  { mimeType: 'image/gif', marks: [[0, 'GIF89a']] },
  {
    mimeType: 'image/webp',
    marks: [
      [0, 'RIFF'],
      [8, 'WEBP'],
    ],
  },
  { mimeType: 'image/heic', marks: [[4, 'ftypheic']] },
  { mimeType: 'image/avif', marks: [[4, 'ftypavif']] },
  { mimeType: 'application/pdf', marks: [[0, '%PDF-']] },
  {
    mimeType: 'audio/wav',
    marks: [
      [0, 'RIFF'],
      [8, 'WAVE'],
    ],
  },
  { mimeType: 'audio/mpeg', marks: [[0, 'ID3']] },
  { mimeType: 'audio/mpeg', marks: [[0, '\xff\xfb']] },
  { mimeType: 'audio/mpeg', marks: [[0, '\xff\xf3']] },
  { mimeType: 'audio/mpeg', marks: [[0, '\xff\xf2']] },
  { mimeType: 'audio/aac', marks: [[0, '\xff\xf1']] },
  { mimeType: 'audio/flac', marks: [[0, 'fLaC']] },
  { mimeType: 'audio/ogg', marks: [[0, 'OggS']] },
  { mimeType: 'audio/mp4', marks: [[4, 'ftypM4A']] },
  { mimeType: 'audio/webm', marks: [[0, '\x1aE\xdf\xa3']] },
];

/** Containers of several formats: which one it is only its sender can say. */
const OFFICE: readonly (readonly [string, RegExp])[] = [
  ['PK\x03\x04', /^application\/(vnd\.openxmlformats-officedocument\.|vnd\.oasis\.opendocument\.|epub\+zip$)/],
  ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', /^application\/(msword|vnd\.ms-)/],
];

const TEXT = /^(text\/|application\/(json|xml)$)/;

/**
 * The media type of fetched bytes as a part of that kind takes it; null where they are nothing of the kind. The bytes count
 * before what anyone says of them, who is asked only where they tell nothing: plain text, and containers.
 */
export function typeOfFile(kind: MediaKind, { bytes, said }: { readonly bytes: Buffer; readonly said: readonly string[] }): string | null {
  const head = bytes.subarray(0, 64).toString('latin1');
  const found = SIGNATURES.find(({ marks }) => marks.every(([at, mark]) => head.startsWith(mark, at)))?.mimeType;
  if (found !== undefined) return kindOf(found) === kind ? found : null;
  if (kind !== 'document') return null;
  const [, container] = OFFICE.find(([mark]) => head.startsWith(mark)) ?? [];
  if (container !== undefined) return said.find((type) => container.test(type)) ?? null;
  return isText(bytes) ? (said.find((type) => TEXT.test(type)) ?? null) : null;
}

function kindOf(mimeType: string): MediaKind {
  if (mimeType.startsWith('image/')) return 'image';
  return mimeType.startsWith('audio/') ? 'audio' : 'document';
}

function isText(bytes: Buffer): boolean {
  if (bytes.includes(0)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
