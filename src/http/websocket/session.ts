import type { SubscribePayload } from 'graphql-ws';
import type { Principal } from '../../core/principal.js';
import { ReaderGone, type LeaveReason } from '../../core/reader.js';
import { LIMITS } from '../limits.js';
import { newRequestId } from '../request-id.js';

/** Codes a socket is closed with, beside those of graphql-transport-ws. */
export const SOCKET_CLOSE = {
  goingAway: 1001,
  internal: 1011,
  tryAgainLater: 1013,
  slowReader: 4013,
  forbidden: 4403,
  tooMany: 4429,
} as const;

export interface Operation {
  readonly requestId: string;
  readonly signal: AbortSignal;
  /** For the metrics; known once the guard has admitted it. */
  kind: string;
  outcome: string;
}

/** One socket: who opened it, and what runs on it. Keeps nothing of an operation that has ended. */
export interface Session {
  principal: Principal | null;
  readonly running: number;
  /** Null where the socket has as many as it may have. `payload` is the message's own object, and stands for the operation. */
  begin(id: string, payload: SubscribePayload): Operation | null;
  /** Also after its end, while its last messages go out. */
  of(payload: SubscribePayload): Operation | undefined;
  end(payload: SubscribePayload): void;
  /** The caller is done with an operation: its signal aborts at once, also while it is still being started. */
  leave(id: string): void;
  /** Whether its reader takes messages slower than they come. */
  isBehind(): boolean;
  leaveAll(reason: LeaveReason): void;
  /** Closes the socket and lets all operations go, without waiting for the peer. */
  close(closing: { readonly code: number; readonly text: string; readonly reason: LeaveReason }): void;
}

interface Running extends Operation {
  readonly id: string;
  readonly controller: AbortController;
  readonly ended: () => void;
}

export interface SessionHooks {
  closeSocket(code: number, text: string): void;
  onIdle(session: Session): void;
  isBehind(): boolean;
  /** Tells the process that something runs; returns how to tell its end. */
  onBegin(): () => void;
}

export function createSession(hooks: SessionHooks): Session {
  const running = new Map<SubscribePayload, Running>();
  const known = new WeakMap<SubscribePayload, Operation>();
  const leaveAll = (reason: LeaveReason) => {
    for (const { controller, ended } of running.values()) {
      controller.abort(new ReaderGone(reason));
      ended();
    }
    running.clear();
  };
  const session: Session = {
    principal: null,
    get running() {
      return running.size;
    },
    begin: (id, payload) => {
      if (running.size >= LIMITS.operationsPerSocket) return null;
      const operation = newOperation(id, hooks.onBegin());
      running.set(payload, operation);
      known.set(payload, operation);
      return operation;
    },
    of: (payload) => known.get(payload),
    end: (payload) => {
      running.get(payload)?.ended();
      if (running.delete(payload) && running.size === 0) hooks.onIdle(session);
    },
    leave: (id) => {
      for (const operation of running.values()) if (operation.id === id) operation.controller.abort(new ReaderGone('left'));
    },
    isBehind: hooks.isBehind,
    leaveAll,
    close: ({ code, text, reason }) => {
      leaveAll(reason);
      hooks.closeSocket(code, text);
    },
  };
  return session;
}

function newOperation(id: string, ended: () => void): Running {
  const controller = new AbortController();
  return { id, controller, ended, requestId: newRequestId(), signal: controller.signal, kind: 'unknown', outcome: 'OK' };
}
