import type { Media } from '../../core/completion.js';
import { Untranslatable } from '../contract.js';
import { mimeTypeOf } from '../media.js';

type ImageFormat = 'png' | 'jpeg' | 'gif' | 'webp';
type DocumentFormat = 'pdf' | 'csv' | 'doc' | 'docx' | 'html' | 'md' | 'txt' | 'xls' | 'xlsx';
type AudioFormat = 'wav' | 'mp3' | 'flac' | 'ogg' | 'opus' | 'aac' | 'm4a' | 'webm';

/** `bytes` is base64, as JSON carries it. */
export type ImageBlock = { image: { format: ImageFormat; source: { bytes: string } } };
export type DocumentBlock = { document: { format: DocumentFormat; name: string; source: { bytes: string } } };
export type AudioBlock = { audio: { format: AudioFormat; source: { bytes: string } } };

const IMAGES: ReadonlyMap<string, ImageFormat> = new Map<string, ImageFormat>([
  ['image/png', 'png'],
  ['image/jpeg', 'jpeg'],
  ['image/jpg', 'jpeg'],
  ['image/gif', 'gif'],
  ['image/webp', 'webp'],
]);

const DOCUMENTS: ReadonlyMap<string, DocumentFormat> = new Map<string, DocumentFormat>([
  ['application/pdf', 'pdf'],
  ['text/csv', 'csv'],
  ['application/msword', 'doc'],
  ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'docx'],
  ['text/html', 'html'],
  ['text/markdown', 'md'],
  ['text/plain', 'txt'],
  ['application/vnd.ms-excel', 'xls'],
  ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'xlsx'],
]);

const SOUNDS: ReadonlyMap<string, AudioFormat> = new Map<string, AudioFormat>([
  ['audio/wav', 'wav'],
  ['audio/x-wav', 'wav'],
  ['audio/wave', 'wav'],
  ['audio/vnd.wave', 'wav'],
  ['audio/mpeg', 'mp3'],
  ['audio/mp3', 'mp3'],
  ['audio/flac', 'flac'],
  ['audio/ogg', 'ogg'],
  ['audio/opus', 'opus'],
  ['audio/aac', 'aac'],
  ['audio/mp4', 'm4a'],
  ['audio/webm', 'webm'],
]);

export function toImage(media: Media): ImageBlock {
  return {
    image: { format: formatOf(media, { kind: 'images', fallback: 'image/png', formats: IMAGES }), source: bytesOf(media, 'images') },
  };
}

export function toAudio(media: Media): AudioBlock {
  return { audio: { format: formatOf(media, { kind: 'audio', fallback: 'audio/wav', formats: SOUNDS }), source: bytesOf(media, 'audio') } };
}

export function toDocument(media: Media, names: Set<string>): DocumentBlock {
  const format = formatOf(media, { kind: 'documents', fallback: 'application/pdf', formats: DOCUMENTS });
  return { document: { format, name: nameOf(media, names), source: bytesOf(media, 'documents') } };
}

function formatOf<Format>(
  media: Media,
  { kind, fallback, formats }: { kind: string; fallback: string; formats: ReadonlyMap<string, Format> },
): Format {
  const format = formats.get(mimeTypeOf(media, fallback).toLowerCase());
  if (format === undefined) throw new Untranslatable(`This provider takes ${kind} as ${[...formats.keys()].join(', ')} only.`);
  return format;
}

function bytesOf({ base64 }: Media, kind: string): { bytes: string } {
  if (base64 === null) throw new Untranslatable(`This provider takes ${kind} as base64 only, not by address.`);
  return { bytes: base64 };
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
