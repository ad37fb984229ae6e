import type { EntityManager } from 'typeorm';
import type { Cancel } from '../core/clock.js';

/** What replicas tell one another, beside the configuration's version. Hints: whoever relies on them has another way too. */
export const NOTICE_CHANNELS = { cancellation: 'glidepath_cancellation', settled: 'glidepath_settled' } as const;
export type NoticeKind = keyof typeof NOTICE_CHANNELS;

/** Where this process hears them. */
export interface NoticeBoard {
  /** A listener must not throw. */
  on(kind: NoticeKind, listener: (payload: string) => void): Cancel;
  /** Notices may have been missed since then: the connection that hears them was made anew. */
  onGap(listener: (lastHeardAt: Date) => void): Cancel;
  hear(channel: string, payload: string): void;
  missed(lastHeardAt: Date): void;
}

export function createNoticeBoard(): NoticeBoard {
  const listeners = new Map<string, Set<(payload: string) => void>>();
  const gapListeners = new Set<(lastHeardAt: Date) => void>();
  return {
    on(kind, listener) {
      const channel = NOTICE_CHANNELS[kind];
      const group = listeners.get(channel) ?? new Set();
      listeners.set(channel, group.add(listener));
      return () => void group.delete(listener);
    },
    onGap(listener) {
      gapListeners.add(listener);
      return () => void gapListeners.delete(listener);
    },
    hear(channel, payload) {
      for (const listener of [...(listeners.get(channel) ?? [])]) listener(payload);
    },
    missed(lastHeardAt) {
      for (const listener of [...gapListeners]) listener(lastHeardAt);
    },
  };
}

/** Tells all replicas, this one among them, when the manager's transaction commits. Postgres takes less than 8,000 bytes. */
export async function tellReplicas(manager: EntityManager, kind: NoticeKind, payload: string): Promise<void> {
  await manager.query('SELECT pg_notify($1, $2)', [NOTICE_CHANNELS[kind], payload]);
}
