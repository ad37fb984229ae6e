import type { Clock, Random } from '../../core/clock.js';
import type { ApiKeyId } from '../../core/ids.js';
import type { Visitor } from '../authentication.js';
import type { KeyHolders } from '../key-holders.js';
import { LIMITS } from '../limits.js';
import { createTurns, windowFor } from '../turns.js';
import { SOCKET_CLOSE, type Session } from './session.js';

/** All sockets of this process. */
export interface Sessions {
  /** False where the visitor's key has as many sockets as it may have. */
  admit(session: Session, visitor: Visitor): boolean;
  opened(session: Session): void;
  closed(session: Session): void;
  /** From now on closes each socket with 1001 once nothing runs on it, at a moment of its own within the window for all of them. */
  drain(graceMs: number): void;
  becameIdle(session: Session): void;
  /** After `drain`: closes those that are left, whatever runs on them, each at its moment; resolves when the last was told, or has gone. */
  leave(): Promise<void>;
  closeAll(): void;
}

const SHUTDOWN = { code: SOCKET_CLOSE.goingAway, text: 'Going away', reason: 'shutdown' } as const;

export function createSessions(parts: { readonly keyHolders: KeyHolders; readonly clock: Clock; readonly random: Random }): Sessions {
  const open = new Set<Session>();
  const places = createPlaces();
  const releases = new Map<Session, readonly (() => void)[]>();
  const stop = createStop(open, parts);
  return {
    opened: (session) => open.add(session),
    admit: (session, visitor) => {
      if (!open.has(session)) return false;
      if (visitor.principal === null) return true;
      const leavePlace = places.take(visitor.principal.apiKeyId);
      if (leavePlace === null) return false;
      releases.set(session, [leavePlace, holdKey(parts.keyHolders, session, visitor)]);
      return true;
    },
    closed: (session) => {
      open.delete(session);
      stop.gone(session);
      for (const release of releases.get(session) ?? []) release();
      releases.delete(session);
    },
    drain: stop.drain,
    becameIdle: stop.becameIdle,
    leave: stop.leave,
    closeAll: () => {
      for (const session of open) session.close(SHUTDOWN);
    },
  };
}

type Stop = Pick<Sessions, 'drain' | 'becameIdle' | 'leave'> & { gone(session: Session): void };

function createStop(open: ReadonlySet<Session>, parts: { readonly clock: Clock; readonly random: Random }): Stop {
  let windowMs: number | null = null;
  let leaving = false;
  const told = new WeakSet<Session>();
  const turns = createTurns<Session>(parts, (session) => {
    if (session.running > 0 && !leaving) return;
    told.add(session);
    session.close(SHUTDOWN);
  });
  return {
    gone: turns.gone,
    drain: (graceMs) => {
      windowMs = windowFor(open.size, graceMs);
      for (const session of open) void turns.take(session, windowMs);
    },
    becameIdle: (session) => {
      // The operation's own `complete` goes out right after this call, so before any turn.
      if (windowMs !== null) void turns.take(session, windowMs);
    },
    leave: async () => {
      leaving = true;
      const left = [...open].filter((session) => !told.has(session));
      await Promise.all(left.map((session) => turns.take(session, windowMs ?? 0)));
    },
  };
}

/** Counts the sockets of each key. */
function createPlaces(): { take(id: ApiKeyId): (() => void) | null } {
  const taken = new Map<ApiKeyId, number>();
  return {
    take: (id) => {
      const count = taken.get(id) ?? 0;
      if (count >= LIMITS.socketsPerKey) return null;
      taken.set(id, count + 1);
      return () => {
        const left = (taken.get(id) ?? 1) - 1;
        if (left === 0) taken.delete(id);
        else taken.set(id, left);
      };
    },
  };
}

function holdKey(keyHolders: KeyHolders, session: Session, visitor: Visitor): () => void {
  if (visitor.principal === null) return () => undefined;
  return keyHolders.add({
    principal: visitor.principal,
    key: visitor.key,
    revoke: () => {
      session.close({ code: SOCKET_CLOSE.forbidden, text: 'Forbidden', reason: 'revoked' });
    },
  });
}
