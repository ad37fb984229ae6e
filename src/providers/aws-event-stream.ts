import { crc32 } from 'node:zlib';
import { UnreadableBody } from './contract.js';
import type { FrameDecoder, SseFrame } from './contract.js';

/**
 * Bytes of an `application/vnd.amazon.eventstream` to its events
 * (https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html). A message is
 * 1. its whole length and its headers' length (4 bytes each, big-endian) and the CRC-32 of these eight bytes,
 * 2. headers: a name (1 byte of length), a type (1 byte), a value whose form depends on the type,
 * 3. the payload, which is JSON,
 * 4. the CRC-32 of everything before it.
 */
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
/** The format's own limit is 24 MiB; no event of a chat comes near. */
const LONGEST_MESSAGE_BYTES = 16 * 1024 * 1024;

/** The name of a frame that tells an exception; its data is as an event's. */
export const EXCEPTION = 'exception';

export function createEventStreamDecoder(onFrame: (frame: SseFrame) => void): FrameDecoder {
  let chunks: Buffer[] = [];
  let held = 0;
  let needed = PRELUDE_BYTES;
  return {
    push: (bytes) => {
      chunks.push(Buffer.from(bytes));
      held += bytes.byteLength;
      if (held < needed) return;
      const all = Buffer.concat(chunks);
      let at = 0;
      for (let length = lengthAt(all, at); length !== null && all.length - at >= length; length = lengthAt(all, at)) {
        onFrame(readMessage(all.subarray(at, at + length)));
        at += length;
      }
      chunks = [all.subarray(at)];
      held = all.length - at;
      needed = lengthAt(all, at) ?? PRELUDE_BYTES;
    },
    end: () => {
      if (held > 0) throw new UnreadableBody('The stream ends in the middle of a message.');
    },
  };
}

/** How long the message is that begins there; null while that has not come. */
function lengthAt(bytes: Buffer, at: number): number | null {
  if (bytes.length - at < PRELUDE_BYTES) return null;
  const length = bytes.readUInt32BE(at);
  if (crc32(bytes.subarray(at, at + 8)) !== bytes.readUInt32BE(at + 8)) throw new UnreadableBody('A message’s prelude fails its checksum.');
  if (length > LONGEST_MESSAGE_BYTES) throw new UnreadableBody('A message of the stream is too large.');
  if (length < PRELUDE_BYTES + CHECKSUM_BYTES) throw new UnreadableBody('A message’s length is impossible.');
  return length;
}

/** The event as `{"<type>": <payload>}`, which is how the vendor's documentation shows it. */
function readMessage(message: Buffer): SseFrame {
  const end = message.length - CHECKSUM_BYTES;
  if (crc32(message.subarray(0, end)) !== message.readUInt32BE(end)) throw new UnreadableBody('A message fails its checksum.');
  const headersEnd = PRELUDE_BYTES + message.readUInt32BE(4);
  if (headersEnd > end) throw new UnreadableBody('A message’s headers are longer than the message.');
  const headers = readHeaders(message.subarray(PRELUDE_BYTES, headersEnd));
  const payload = readText(message.subarray(headersEnd, end));
  const wrap = (type: string) => `{${JSON.stringify(type)}:${payload === '' ? '{}' : payload}}`;
  switch (headers.get(':message-type')) {
    case 'event':
      return { event: null, data: wrap(headers.get(':event-type') ?? '') };
    case 'exception':
      return { event: EXCEPTION, data: wrap(headers.get(':exception-type') ?? EXCEPTION) };
    default: {
      const told = { message: headers.get(':error-message') ?? '' };
      return { event: EXCEPTION, data: JSON.stringify({ [headers.get(':error-code') ?? EXCEPTION]: told }) };
    }
  }
}

/** Bytes after the type of a value of fixed size; types 6 and 7 say their length first. */
const VALUE_BYTES: ReadonlyMap<number, number> = new Map([
  [0, 0],
  [1, 0],
  [2, 1],
  [3, 2],
  [4, 4],
  [5, 8],
  [8, 8],
  [9, 16],
]);
const STRING_TYPE = 7;

/** The headers that are text; the others are stepped over. */
function readHeaders(bytes: Buffer): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  try {
    for (let at = 0; at < bytes.length;) {
      const nameEnd = at + 1 + bytes.readUInt8(at);
      const type = bytes.readUInt8(nameEnd);
      const fixed = VALUE_BYTES.get(type);
      const start = nameEnd + (fixed === undefined ? 3 : 1);
      const end = start + (fixed ?? bytes.readUInt16BE(nameEnd + 1));
      if (type > 9 || end > bytes.length) throw new UnreadableBody('A message’s headers can’t be read.');
      if (type === STRING_TYPE) headers.set(bytes.toString('utf8', at + 1, nameEnd), bytes.toString('utf8', start, end));
      at = end;
    }
  } catch (cause) {
    throw cause instanceof UnreadableBody ? cause : new UnreadableBody('A message’s headers can’t be read.', { cause });
  }
  return headers;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function readText(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new UnreadableBody('The stream is not UTF-8.', { cause });
  }
}
