import type { Clock, Random } from '../../core/clock.js';
import type { ApiKeyId } from '../../core/ids.js';
import type { Visitor } from '../authentication.js';
import type { KeyHolders } from '../key-holders.js';
import { LIMITS } from '../limits.js';
import { SOCKET_CLOSE, type Session } from './session.js';

/** All sockets of this process. */
export interface Sessions {
  /** False where the visitor's key has as many sockets as it may have. */
  admit(session: Session, visitor: Visitor): boolean;
  opened(session: Session): void;
  closed(session: Session): void;
  /** Closes each socket with 1001 once nothing runs on it, the idle ones spread over `spreadMs`, so that clients don't come back all at once. */
  drain(spreadMs: number): void;
  becameIdle(session: Session): void;
  closeAll(): void;
}

const SHUTDOWN = { code: SOCKET_CLOSE.goingAway, text: 'Going away', reason: 'shutdown' } as const;

export function createSessions(parts: { readonly keyHolders: KeyHolders; readonly clock: Clock; readonly random: Random }): Sessions {
  const open = new Set<Session>();
  const places = createPlaces();
  const releases = new Map<Session, readonly (() => void)[]>();
  let draining = false;
  const closeIfIdle = (session: Session) => {
    if (session.running === 0) session.close(SHUTDOWN);
  };
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
      for (const release of releases.get(session) ?? []) release();
      releases.delete(session);
    },
    drain: (spreadMs) => {
      draining = true;
      for (const session of open)
        parts.clock.after(parts.random() * spreadMs, () => {
          closeIfIdle(session);
        });
    },
    becameIdle: (session) => {
      // The operation's own `complete` goes out right after this call, and must be first.
      if (draining) setImmediate(closeIfIdle, session);
    },
    closeAll: () => {
      for (const session of open) session.close(SHUTDOWN);
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
