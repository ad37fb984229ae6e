import type { Server } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Cancel, Clock } from '../../core/clock.js';
import type { DoorParts } from '../door-parts.js';
import { LIMITS } from '../limits.js';
import type { SocketExtra } from './protocol.js';
import { createSession, SOCKET_CLOSE, type Session } from './session.js';
import type { Sessions } from './sessions.js';
import { createTransport } from './transport.js';

interface Connections {
  readonly parts: DoorParts;
  readonly sessions: Sessions;
  readonly protocol: Server<SocketExtra>;
}

/** Joins one socket with its session and the protocol, and takes all of it down when any of them ends. */
export function openConnection(socket: WebSocket, { parts, sessions, protocol }: Connections): void {
  const { clock, logger, metrics, activity } = parts;
  const ending = createEnding(socket, clock);
  const session = createSession({
    closeSocket: ending.close,
    isBehind: () => transport.isBehind,
    onIdle: sessions.becameIdle,
    onBegin: activity.begin,
  });
  const onFault = (error: unknown) => {
    logger.error({ err: error }, 'a socket failed');
    session.close({ code: SOCKET_CLOSE.internal, text: 'Internal error', reason: 'left' });
  };
  const transport = createTransport(socket, clock, { onSlow: () => closeSlow(session), onLeave: session.leave, onFault });
  sessions.opened(session);
  metrics.socketOpened();
  // What ws reports here (a frame too large, a broken frame) it also closes the socket for.
  socket.on('error', (error) => {
    logger.debug({ err: error }, 'a socket broke');
  });
  socket.once('close', (code, text) => {
    session.leaveAll('left');
    sessions.closed(session);
    metrics.socketClosed(ending.ownCode ?? code);
    ending.closed(code, text.toString('utf8'));
  });
  const letGo = protocol.opened(transport, { session });
  ending.onEnd((code, text) => {
    letGo(code, text).catch(onFault);
  });
}

function closeSlow(session: Session): void {
  session.close({ code: SOCKET_CLOSE.slowReader, text: 'Reads too slowly; resume after the last sequence', reason: 'slow' });
}

interface Ending {
  /** The code we closed with; null where the peer was first. A peer that never answers would hide it. */
  readonly ownCode: number | null;
  /** Closes from our side; the end is told at once. */
  close(code: number, text: string): void;
  /** The socket is closed, whoever began it. */
  closed(code: number, text: string): void;
  /** Told once. */
  onEnd(tell: (code: number, text: string) => void): void;
}

/** The peer may never answer a close frame: what runs must not wait for it, nor what it has not read stay in memory. */
function createEnding(socket: WebSocket, clock: Clock): Ending {
  let cancelCut: Cancel = () => undefined;
  let ownCode: number | null = null;
  let tell: ((code: number, text: string) => void) | null = null;
  const end = (code: number, text: string) => {
    const told = tell;
    tell = null;
    told?.(code, text);
  };
  return {
    get ownCode() {
      return ownCode;
    },
    close: (code, text) => {
      ownCode ??= code;
      socket.close(code, text);
      cancelCut();
      cancelCut = clock.after(LIMITS.closeHandshakeMs, () => {
        socket.terminate();
      });
      end(code, text);
    },
    closed: (code, text) => {
      cancelCut();
      end(code, text);
    },
    onEnd: (listener) => {
      tell = listener;
    },
  };
}
