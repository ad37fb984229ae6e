import { TextDecoder } from 'node:util';
import { createParser } from 'eventsource-parser';
import type { SseFrame } from './contract.js';
import { UnreadableBody } from './contract.js';
import { parseJson } from './json-read.js';

/** Bytes of an event stream to its events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export interface SseDecoder {
  /** Throws `UnreadableBody` where the bytes are not UTF-8, or an event is larger than any should be. */
  push(bytes: Uint8Array): void;
  /** The orderly end. Throws `UnreadableBody` where it cuts a character in two. */
  end(): void;
}

const LONGEST_EVENT_CHARACTERS = 16 * 1024 * 1024;

export function createSseDecoder(onFrame: (frame: SseFrame) => void): SseDecoder {
  // Fatal, so that broken text is told instead of being patched with U+FFFD; streaming, so that a character may span reads.
  const decoder = new TextDecoder('utf-8', { fatal: true });
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
      parser.feed(decode(decoder, bytes));
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

function decode(decoder: TextDecoder, bytes?: Uint8Array): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch (cause) {
    throw new UnreadableBody('The stream is not UTF-8.', { cause });
  }
}
