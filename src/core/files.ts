import { createHash } from 'node:crypto';

/**
 * A file's bytes, kept once, in pieces that all who need them read without copying. JSON, logs and whoever walks through an input
 * see its size and hash, and never the bytes.
 */
export class FileBytes {
  readonly #pieces: readonly Uint8Array[];
  readonly #size: number;
  #sha256: string | null;

  /** The hash (SHA-256 in base64) is reckoned when it is asked for, where it is not known already. */
  constructor(pieces: readonly Uint8Array[], sha256: string | null = null) {
    this.#pieces = pieces;
    this.#size = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    this.#sha256 = sha256;
  }

  get pieces(): readonly Uint8Array[] {
    return this.#pieces;
  }

  get size(): number {
    return this.#size;
  }

  get sha256(): string {
    this.#sha256 ??= this.#pieces.reduce((hash, piece) => hash.update(piece), createHash('sha256')).digest('base64');
    return this.#sha256;
  }

  /** The first bytes, as many as asked for where there are so many. */
  head(count: number): Buffer {
    const pieces: Uint8Array[] = [];
    let missing = count;
    for (const piece of this.#pieces) {
      if (missing <= 0) break;
      pieces.push(piece.subarray(0, missing));
      missing -= piece.byteLength;
    }
    return Buffer.concat(pieces);
  }

  toJSON(): { readonly size: number; readonly sha256: string } {
    return { size: this.size, sha256: this.sha256 };
  }
}

/** A file that came with a request. */
export class UploadedFile {
  constructor(
    readonly bytes: FileBytes,
    /** As its sender calls it; null where it is nameless. */
    readonly name: string | null,
    /** What its sender takes it for; null where that says nothing. */
    readonly mimeType: string | null,
  ) {}
}

/** As much as the vendors take of a recording: https://help.openai.com/en/articles/7031512-whisper-api-faq */
export const LARGEST_FILE_BYTES = 25 * 1024 * 1024;

const PIECE_BYTES = 64 * 1024;

/**
 * Collects a file while it comes in, hashing on the way. Bytes are moved into pieces of one size, so that what they cost
 * does not depend on how small the parts are that a sender cuts them into.
 */
export function createFileCollector(): { readonly size: number; add(chunk: Uint8Array): void; end(): FileBytes } {
  const pieces: Uint8Array[] = [];
  const hash = createHash('sha256');
  let size = 0;
  let free = new Uint8Array(0);
  return {
    get size() {
      return size;
    },
    add(chunk) {
      hash.update(chunk);
      size += chunk.byteLength;
      for (let rest = chunk; rest.byteLength > 0;) {
        if (free.byteLength === 0) {
          free = new Uint8Array(PIECE_BYTES);
          pieces.push(free);
        }
        const part = rest.subarray(0, free.byteLength);
        free.set(part);
        free = free.subarray(part.byteLength);
        rest = rest.subarray(part.byteLength);
      }
    },
    end() {
      const last = pieces.pop();
      if (last) pieces.push(last.subarray(0, last.byteLength - free.byteLength));
      return new FileBytes(pieces, hash.digest('base64'));
    },
  };
}
