import type { Media } from '../core/completion.js';
import { download } from './media-download.js';
import type { Download, Downloading } from './media-download.js';
import { typeOfFile } from './media-types.js';
import type { MediaPart } from './media-types.js';

export type Fetched = { readonly kind: 'file'; readonly media: Media } | Exclude<Download, { kind: 'file' }>;

/** What the files of one call may come to, together. */
export interface Room {
  claim(bytes: number): boolean;
}

/**
 * The files of calls that run. Each is fetched once for a part, however many attempts want it at once or one after the other, and is
 * forgotten with the call. A fetch that nobody waits for any more is ended.
 */
export interface MediaStore {
  openRoom(): Room;
  /** Cancelled only where the signal aborts. */
  fetch(part: MediaPart, want: { readonly signal: AbortSignal; readonly room: Room }): Promise<Fetched>;
}

/** In base64 a third more, which still fits into what most vendors take. */
const LARGEST_CALL_BYTES = 25 * 1024 * 1024;

interface Shared {
  readonly result: Promise<Fetched>;
  readonly controller: AbortController;
  waiting: number;
}

export function createMediaStore(deps: Downloading): MediaStore {
  const kept = new WeakMap<Media, Shared>();
  const begin = (part: MediaPart, room: Room): Shared => {
    const controller = new AbortController();
    const request = { url: part.media.url ?? '', signal: controller.signal, claim: (bytes: number) => room.claim(bytes) };
    const shared = { result: download(deps, request).then((file) => toFetched(part, file)), controller, waiting: 0 };
    kept.set(part.media, shared);
    return shared;
  };
  return {
    openRoom: () => {
      let left = LARGEST_CALL_BYTES;
      return {
        claim: (bytes) => {
          left -= bytes;
          return left >= 0;
        },
      };
    },
    fetch: async (part, { signal, room }) => {
      const shared = kept.get(part.media) ?? begin(part, room);
      shared.waiting += 1;
      const left = onAbort(signal);
      const result = await Promise.race([shared.result, left.happened]);
      left.clear();
      shared.waiting -= 1;
      if (result.kind === 'cancelled' && shared.waiting === 0) {
        shared.controller.abort();
        if (kept.get(part.media) === shared) kept.delete(part.media);
      }
      return result;
    },
  };
}

/** `clear` leaves no listener behind. */
function onAbort(signal: AbortSignal): { readonly happened: Promise<Fetched>; clear(): void } {
  const listening = new AbortController();
  const happened = new Promise<Fetched>((resolve) => {
    const tell = () => resolve({ kind: 'cancelled' });
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell, { once: true, signal: listening.signal });
  });
  return { happened, clear: () => listening.abort() };
}

const TAKEN = {
  image: 'a PNG, JPEG, GIF or WebP image',
  audio: 'a WAV, MP3, FLAC, Ogg, AAC, M4A or WebM recording',
  document: 'a PDF, an office document or plain text',
} as const;

function toFetched(part: MediaPart, file: Download): Fetched {
  if (file.kind !== 'file') return file;
  const header = (file.contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const said = [part.media.mimeType?.toLowerCase() ?? '', header].filter((type) => type !== '');
  const mimeType = typeOfFile(part.kind, { bytes: file.bytes, said });
  if (mimeType !== null) return { kind: 'file', media: { ...part.media, url: null, base64: file.bytes.toString('base64'), mimeType } };
  const detail = `fetched bytes are no ${part.kind} (content-type: ${header || 'none'})`;
  return { kind: 'failed', reason: `leads to something else than ${TAKEN[part.kind]}`, detail };
}
