import type { Media } from '../core/completion.js';

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

/** The media's address, or its bytes as a data URL (RFC 2397). */
export function urlOf(media: Media, fallbackMimeType: string): string {
  return media.url ?? `data:${mimeTypeOf(media, fallbackMimeType)};base64,${media.base64 ?? ''}`;
}
