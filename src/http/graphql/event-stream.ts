import type { ServerResponse } from 'node:http';
import type { Cancel, Clock } from '../../core/clock.js';
import { ReaderGone, type LeaveReason } from '../../core/reader.js';
import { LIMITS } from '../limits.js';
import { createStallGuard, type StallGuard } from '../stall-guard.js';

/**
 * One answer as server-sent events: the "distinct connections mode" of
 * https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md.
 * 1. A comment at once, so that proxies and browsers see the stream begin; one every 12 s from then on, also while the
 *    first result is being made.
 * 2. Each result is one `next` event; one `complete` event ends the stream.
 * 3. Writing waits for the reader, and streams are told (`isBehind`), to join their deltas until they have caught up. A reader that
 *    stalls is cut, and resumes by position.
 * 4. When the reader is gone, `signal` aborts at once, whatever is awaited.
 */
export interface EventStream {
  readonly signal: AbortSignal;
  /** Whether the last result had to wait for the reader. */
  isBehind(): boolean;
  /** Resolves when more may be written. */
  next(result: unknown): Promise<void>;
  complete(): void;
  /** Ends the stream for a reason of ours, with a last result that tells it. */
  end(reason: LeaveReason, lastResult: unknown): void;
}

export function openEventStream(response: ServerResponse, clock: Clock): EventStream {
  const gone = new AbortController();
  const stopKeepAlive = keepAlive(response, clock);
  const leave = (reason: LeaveReason) => {
    stopKeepAlive();
    stall.flushed();
    if (!gone.signal.aborted) gone.abort(new ReaderGone(reason));
  };
  const stall = createStallGuard(clock, () => {
    leave('slow');
    response.destroy();
  });
  let isBehind = false;
  const write = (result: unknown) => {
    isBehind = !response.write(frameOf(result));
  };
  const complete = () => {
    stopKeepAlive();
    response.end(COMPLETE);
  };
  response.once('close', () => leave('left'));
  response.write(':\n\n');
  return {
    signal: gone.signal,
    isBehind: () => isBehind,
    complete,
    next: async (result) => {
      if (gone.signal.aborted) return;
      write(result);
      if (isBehind) await drained(response, stall, gone.signal);
    },
    end: (reason, lastResult) => {
      if (gone.signal.aborted) return;
      leave(reason);
      write(lastResult);
      complete();
    },
  };
}

const COMPLETE = 'event: complete\ndata:\n\n';
const frameOf = (result: unknown) => `event: next\ndata: ${JSON.stringify(result)}\n\n`;

function keepAlive(response: ServerResponse, clock: Clock): Cancel {
  let cancel: Cancel = () => undefined;
  const arm = () => {
    cancel = clock.after(LIMITS.keepAliveMs, () => {
      response.write(':\n\n');
      arm();
    });
  };
  arm();
  return () => {
    cancel();
  };
}

function drained(response: ServerResponse, stall: StallGuard, signal: AbortSignal): Promise<void> {
  stall.waiting(response.writableLength);
  return new Promise((resolve) => {
    const settle = () => {
      stall.flushed();
      response.off('drain', settle);
      signal.removeEventListener('abort', settle);
      resolve();
    };
    response.once('drain', settle);
    signal.addEventListener('abort', settle, { once: true });
  });
}
