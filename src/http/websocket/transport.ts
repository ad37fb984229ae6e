import type { WebSocket as ProtocolSocket } from 'graphql-ws';
import type { RawData, WebSocket } from 'ws';
import type { Cancel, Clock } from '../../core/clock.js';
import { LIMITS } from '../limits.js';
import { createStallGuard, type StallGuard } from '../stall-guard.js';

export interface TransportHooks {
  /** The reader does not read, or has too much unsent in front of it. */
  onSlow(): void;
  /** The caller completes an operation; told before the protocol library acts on it. */
  onLeave(id: string): void;
  /** The protocol library threw. */
  onFault(error: unknown): void;
}

export interface Transport extends ProtocolSocket {
  /** Whether the last message had to wait for the reader. */
  readonly isBehind: boolean;
}

/**
 * A `ws` socket as the protocol library wants it.
 * 1. A message is one write. Up to 64 KiB unsent the writer goes on; above that it waits until the reader has taken its message.
 *    Streams are told (`isBehind`), and join their deltas until they have caught up.
 * 2. A reader that takes less than it must, or has more than 8 MiB unsent in front of it, is reported as slow.
 * 3. A ping every 12 s; a peer that has not answered the last one is cut.
 */
export function createTransport(socket: WebSocket, clock: Clock, hooks: TransportHooks): Transport {
  const stall = createStallGuard(clock, hooks.onSlow);
  const stopPinging = keepAlive(socket, clock);
  const writer = createWriter(socket, stall);
  socket.once('close', () => {
    stopPinging();
    stall.flushed();
  });
  return {
    protocol: socket.protocol,
    get isBehind() {
      return writer.isBehind;
    },
    send: (data) => {
      if (socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > LIMITS.unsentBytes) {
        hooks.onSlow();
        return;
      }
      return writer.send(data);
    },
    close: (code, reason) => {
      socket.close(code, reason);
    },
    onMessage: (handle) => {
      socket.on('message', (data) => {
        const text = textOf(data);
        const left = completedId(text);
        if (left !== null) hooks.onLeave(left);
        handle(text).catch(hooks.onFault);
      });
    },
  };
}

interface Writer {
  /** Nothing: the next message may follow at once. */
  send(data: string): Promise<void> | undefined;
  readonly isBehind: boolean;
}

function createWriter(socket: WebSocket, stall: StallGuard): Writer {
  let isBehind = false;
  const watch = () => {
    if (socket.bufferedAmount > 0) stall.waiting(socket.bufferedAmount);
  };
  const write = (data: string, onTaken: () => void) => {
    socket.send(data, () => {
      stall.flushed();
      watch();
      onTaken();
    });
    watch();
    isBehind = socket.bufferedAmount > LIMITS.writeAheadBytes;
  };
  return {
    get isBehind() {
      return isBehind;
    },
    send: (data) => {
      let tellTaken: () => void = () => undefined;
      write(data, () => {
        tellTaken();
      });
      if (!isBehind) return undefined;
      return new Promise((resolve) => {
        tellTaken = resolve;
      });
    },
  };
}

function keepAlive(socket: WebSocket, clock: Clock): Cancel {
  let answered = true;
  let cancel: Cancel = () => undefined;
  socket.on('pong', () => {
    answered = true;
  });
  const arm = () => {
    cancel = clock.after(LIMITS.keepAliveMs, () => {
      if (!answered) {
        socket.terminate();
        return;
      }
      answered = false;
      if (socket.readyState === socket.OPEN) socket.ping();
      arm();
    });
  };
  arm();
  return () => {
    cancel();
  };
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return (data instanceof ArrayBuffer ? Buffer.from(data) : data).toString('utf8');
}

/** A complete message is short; longer ones are not parsed twice to find out. */
const LONGEST_COMPLETE = 512;

function completedId(text: string): string | null {
  if (text.length > LONGEST_COMPLETE || !text.includes('"complete"')) return null;
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message !== 'object' || message === null || !('type' in message) || !('id' in message)) return null;
    return message.type === 'complete' && typeof message.id === 'string' ? message.id : null;
  } catch {
    return null;
  }
}
