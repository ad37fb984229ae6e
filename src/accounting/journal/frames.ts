import { crc32 } from 'node:zlib';

/**
 * A journal file is frames, one behind the other: 4 bytes of mark, the length of the text and its CRC-32 (both unsigned,
 * big-endian), then the text in UTF-8.
 *
 * 1. The mark begins with 0xFF, which UTF-8 never holds: after a damaged frame, the next good one is found by looking for it.
 * 2. A frame counts only where its length fits the file and its checksum fits its text; nothing else is ever handed out.
 * 3. What is left of a frame at the end of a file is a write that the process did not live to finish.
 */
const MARK = Buffer.from([0xff, 0x47, 0x50, 0x01]);
const HEADER_BYTES = 12;
const FIRST_SCRATCH_BYTES = 16 * 1024;

export interface FrameEncoder {
  /** The bytes of a frame; they are good until the next call. */
  encode(text: string): Buffer;
}

export function createFrameEncoder(): FrameEncoder {
  let scratch = Buffer.allocUnsafe(FIRST_SCRATCH_BYTES);
  return {
    encode(text) {
      // A UTF-16 unit takes at most three bytes of UTF-8.
      const most = HEADER_BYTES + text.length * 3;
      if (scratch.length < most) scratch = Buffer.allocUnsafe(most * 2);
      MARK.copy(scratch);
      const length = scratch.write(text, HEADER_BYTES, 'utf8');
      const end = HEADER_BYTES + length;
      scratch.writeUInt32BE(length, 4);
      scratch.writeUInt32BE(crc32(scratch.subarray(HEADER_BYTES, end)), 8);
      return scratch.subarray(0, end);
    },
  };
}

export interface ReadFrames {
  readonly texts: readonly string[];
  /** Bytes between good frames, or before the first, that are none. */
  readonly damagedBytes: number;
  /** Bytes behind the last good frame. */
  readonly tornBytes: number;
}

/** Every good frame of a file, in its order, whatever else the file holds. */
export function readFrames(file: Buffer): ReadFrames {
  const texts: string[] = [];
  let goodUpTo = 0;
  let damagedBytes = 0;
  for (let at = file.indexOf(MARK); at !== -1; at = file.indexOf(MARK, at)) {
    const end = endOfFrame(file, at);
    if (end === null) {
      at += 1;
      continue;
    }
    texts.push(file.toString('utf8', at + HEADER_BYTES, end));
    damagedBytes += at - goodUpTo;
    goodUpTo = end;
    at = end;
  }
  return { texts, damagedBytes, tornBytes: file.length - goodUpTo };
}

function endOfFrame(file: Buffer, at: number): number | null {
  const start = at + HEADER_BYTES;
  if (start > file.length) return null;
  const end = start + file.readUInt32BE(at + 4);
  if (end > file.length) return null;
  return crc32(file.subarray(start, end)) === file.readUInt32BE(at + 8) ? end : null;
}
