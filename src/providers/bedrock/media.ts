import type { Media } from '../../core/completion.js';
import { WAV_AND_MP3, base64Of, wordFor } from '../media.js';
import type { TakenAs } from '../media.js';

type ImageFormat = 'png' | 'jpeg' | 'gif' | 'webp';
type DocumentFormat = 'pdf' | 'csv' | 'doc' | 'docx' | 'html' | 'md' | 'txt' | 'xls' | 'xlsx';
type AudioFormat = 'wav' | 'mp3' | 'flac' | 'ogg' | 'opus' | 'aac' | 'm4a' | 'webm';

/** `bytes` is base64, as JSON carries it. */
export type ImageBlock = { image: { format: ImageFormat; source: { bytes: string } } };
export type DocumentBlock = { document: { format: DocumentFormat; name: string; source: { bytes: string } } };
export type AudioBlock = { audio: { format: AudioFormat; source: { bytes: string } } };

const IMAGES: TakenAs<ImageFormat> = {
  kind: 'images',
  fallback: 'image/png',
  words: [
    ['image/png', 'png'],
    ['image/jpeg', 'jpeg'],
    ['image/jpg', 'jpeg'],
    ['image/gif', 'gif'],
    ['image/webp', 'webp'],
  ],
};

const DOCUMENTS: TakenAs<DocumentFormat> = {
  kind: 'documents',
  fallback: 'application/pdf',
  words: [
    ['application/pdf', 'pdf'],
    ['text/csv', 'csv'],
    ['application/msword', 'doc'],
    ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'docx'],
    ['text/html', 'html'],
    ['text/markdown', 'md'],
    ['text/plain', 'txt'],
    ['application/vnd.ms-excel', 'xls'],
    ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'xlsx'],
  ],
};

const SOUNDS: TakenAs<AudioFormat> = {
  kind: 'audio',
  fallback: 'audio/wav',
  words: [
    ...WAV_AND_MP3,
    ['audio/flac', 'flac'],
    ['audio/ogg', 'ogg'],
    ['audio/opus', 'opus'],
    ['audio/aac', 'aac'],
    ['audio/mp4', 'm4a'],
    ['audio/webm', 'webm'],
  ],
};

export function toImage(media: Media): ImageBlock {
  return { image: { format: wordFor(media, IMAGES), source: { bytes: base64Of(media, 'images') } } };
}

export function toAudio(media: Media): AudioBlock {
  return { audio: { format: wordFor(media, SOUNDS), source: { bytes: base64Of(media, 'audio') } } };
}

export function toDocument(media: Media, names: Set<string>): DocumentBlock {
  const format = wordFor(media, DOCUMENTS);
  return { document: { format, name: nameOf(media, names), source: { bytes: base64Of(media, 'documents') } } };
}

/** Letters, digits, single spaces, hyphens, parentheses and brackets, and no name twice. */
function nameOf({ name }: Media, names: Set<string>): string {
  const plain =
    (name ?? '')
      .replace(/[^a-zA-Z0-9\-()[\]]+/g, ' ')
      .trim()
      .slice(0, LONGEST_NAME) || 'document';
  let free = plain;
  for (let copy = 2; names.has(free); copy += 1) free = `${plain} (${String(copy)})`;
  names.add(free);
  return free;
}

const LONGEST_NAME = 180;
