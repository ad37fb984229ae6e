import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { createParser } from 'eventsource-parser';
import type { FrameDecoder, SseFrame } from './contract.js';
import { UnreadableBody } from './contract.js';
import { parseJson } from './json-read.js';

const LONGEST_EVENT_CHARACTERS = 16 * 1024 * 1024;

/**
 * Bytes of an event stream to its events (https://html.spec.whatwg.org/multipage/server-sent-events.html). Unreadable are bytes
 * that are not UTF-8, an end that cuts a character in two, and an event larger than any should be.
 */
export function createSseDecoder(onFrame: (frame: SseFrame) => void): FrameDecoder {
  // Fatal, so that broken text is told instead of being patched with U+FFFD; streaming, so that a character may span reads.
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const recent = createRecentBytes();
  let ending = false;
  const parser = createParser({
    maxBufferSize: LONGEST_EVENT_CHARACTERS,
    onEvent: ({ event, data }) => {
      if (!ending || isWhole(data)) onFrame({ event: event ?? null, data });
    },
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') throw new UnreadableBody('An event of the stream is too large.');
    },
  });
  return {
    push: (bytes) => {
      try {
        parser.feed(decode(decoder, bytes));
      } catch (error) {
        // What was whole before them counts, however the bytes were cut.
        if (isNotUtf8(error)) for (const line of readableLines(recent.unfinished(), bytes)) parser.feed(line);
        throw error;
      }
      recent.push(bytes);
    },
    end: () => {
      ending = true;
      parser.feed(`${decode(decoder)}\n\n`);
    },
  };
}

/** Some servers leave out the blank line behind the last event; a torn event must not pass for one. */
function isWhole(data: string): boolean {
  return data.trim() === '[DONE]' || parseJson(data) !== undefined;
}

const NOT_UTF8 = 'The stream is not UTF-8.';

function decode(decoder: TextDecoder, bytes?: Uint8Array): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch (cause) {
    throw new UnreadableBody(NOT_UTF8, { cause });
  }
}

function isNotUtf8(error: unknown): boolean {
  return error instanceof UnreadableBody && error.message === NOT_UTF8;
}

/** The bytes of a character are at most four: what is unfinished is among the last three. */
function createRecentBytes(): { push(bytes: Uint8Array): void; unfinished(): Uint8Array } {
  let last: Uint8Array = new Uint8Array();
  return {
    push: (bytes) => {
      last = bytes.length >= 3 ? bytes.slice(-3) : Buffer.concat([last, bytes]).subarray(-3);
    },
    unfinished: () => {
      const lead = last.findLastIndex((byte) => byte >= 0xc0);
      const wanted = lengthOfCharacter(last[lead] ?? 0);
      return lead === -1 || last.length - lead >= wanted ? new Uint8Array() : last.subarray(lead);
    },
  };
}

function lengthOfCharacter(leadByte: number): number {
  if (leadByte >= 0xf0) return 4;
  return leadByte >= 0xe0 ? 3 : 2;
}

const [LINE_FEED, CARRIAGE_RETURN] = [0x0a, 0x0d];

/** The whole lines before the first that is not UTF-8: no character has a line's end in it. */
function* readableLines(unfinished: Uint8Array, bytes: Uint8Array): Generator<string> {
  const all = Buffer.concat([unfinished, bytes]);
  for (let start = 0, end = 0; end < all.length; end += 1) {
    if (all[end] !== LINE_FEED && all[end] !== CARRIAGE_RETURN) continue;
    const line = all.subarray(start, end + 1);
    if (!isUtf8(line)) return;
    yield line.toString('utf8');
    start = end + 1;
  }
}
