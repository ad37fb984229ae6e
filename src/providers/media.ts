import type { Media } from '../core/completion.js';
import { Untranslatable } from './contract.js';

/** How the first bytes of a format look in base64. */
const BASE64_STARTS: readonly (readonly [string, string])[] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
  ['JVBERi', 'application/pdf'],
];

/** The media type as given, else as its first bytes tell, else the fallback. */
export function mimeTypeOf(media: Media, fallback: string): string {
  if (media.mimeType !== null) return media.mimeType;
  const { base64 } = media;
  return BASE64_STARTS.find(([start]) => base64?.startsWith(start) === true)?.[1] ?? fallback;
}

/** What a vendor takes of one kind of media. */
export interface TakenAs<Word> {
  readonly kind: 'images' | 'audio' | 'documents';
  /** The media type of what tells none. */
  readonly fallback: string;
  /** Its words, by media type; the first type of each is named where one is refused. */
  readonly words: readonly (readonly [string, Word])[];
}

/** The vendor's word for a media type. @throws Untranslatable where it has none. */
export function wordFor<Word>(media: Media, { kind, fallback, words }: TakenAs<Word>): Word {
  const type = mimeTypeOf(media, fallback).toLowerCase();
  const found = words.find(([name]) => name === type);
  if (found !== undefined) return found[1];
  const types = words.filter(([, word], index) => words.findIndex(([, other]) => other === word) === index).map(([name]) => name);
  throw new Untranslatable(`This provider takes ${kind} as ${types.join(', ')} only.`);
}

/** The bytes, for a vendor that fetches none. @throws Untranslatable where there is an address only. */
export function base64Of({ base64 }: Media, kind: TakenAs<unknown>['kind']): string {
  if (base64 === null) throw new Untranslatable(`This provider takes ${kind} as base64 only, not by address.`);
  return base64;
}

/** The names in use for the two kinds of sound that every vendor of sounds takes. */
export const WAV_AND_MP3: readonly (readonly [string, 'wav' | 'mp3'])[] = [
  ['audio/wav', 'wav'],
  ['audio/x-wav', 'wav'],
  ['audio/wave', 'wav'],
  ['audio/vnd.wave', 'wav'],
  ['audio/mpeg', 'mp3'],
  ['audio/mp3', 'mp3'],
];

/** The media's address, or its bytes as a data URL (RFC 2397). */
export function urlOf(media: Media, fallbackMimeType: string): string {
  return media.url ?? `data:${mimeTypeOf(media, fallbackMimeType)};base64,${media.base64 ?? ''}`;
}
