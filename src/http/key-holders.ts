import type { Authenticator } from '../auth/contract.js';
import type { Cancel, Clock } from '../core/clock.js';
import type { ApiKeyId } from '../core/ids.js';
import type { Principal } from '../core/principal.js';
import type { Secret } from '../core/secret.js';

/** Something long-lived that an API key opened: a socket, or an event stream. */
export interface KeyHolder {
  readonly principal: Principal;
  readonly key: Secret;
  /** The key no longer holds: end now. */
  revoke(): void;
}

/**
 * Keeps what long-lived things keys have open, and ends them when their key does.
 * 1. A change of keys (Authenticator.onChange) has every held key asked again, each once.
 * 2. A key's own end comes by a timer, because no change announces it.
 * 3. Where it can't be known (the database is away) the holder stays; the next change asks again.
 */
export interface KeyHolders {
  add(holder: KeyHolder): () => void;
  close(): void;
}

const LONGEST_TIMER_MS = 24 * 3_600_000;

export function createKeyHolders(parts: { readonly authenticator: Authenticator; readonly clock: Clock }): KeyHolders {
  const { authenticator, clock } = parts;
  const held = new Map<ApiKeyId, Set<KeyHolder>>();
  const stopListening = authenticator.onChange(() => {
    for (const [key, holders] of bySecret(held)) void recheck(authenticator, key, holders);
  });
  return {
    add: (holder) => {
      const siblings = held.get(holder.principal.apiKeyId) ?? new Set();
      held.set(holder.principal.apiKeyId, siblings.add(holder));
      const stopTimer = atExpiry(clock, holder);
      return () => {
        stopTimer();
        siblings.delete(holder);
        if (siblings.size === 0) held.delete(holder.principal.apiKeyId);
      };
    },
    close: stopListening,
  };
}

/** One key id can be held by two secrets: the old one goes on working for a while after a rotation. */
function bySecret(held: ReadonlyMap<ApiKeyId, ReadonlySet<KeyHolder>>): Map<string, KeyHolder[]> {
  const groups = new Map<string, KeyHolder[]>();
  for (const holders of held.values())
    for (const holder of holders) {
      const secret = holder.key.reveal();
      const group = groups.get(secret);
      if (group === undefined) groups.set(secret, [holder]);
      else group.push(holder);
    }
  return groups;
}

async function recheck(authenticator: Authenticator, key: string, holders: readonly KeyHolder[]): Promise<void> {
  const holds = await authenticator.recheck(key).catch(() => true);
  if (!holds) for (const holder of holders) holder.revoke();
}

function atExpiry(clock: Clock, holder: KeyHolder): Cancel {
  const { expiresAt } = holder.principal;
  if (expiresAt === null) return () => undefined;
  let cancel: Cancel = () => undefined;
  const arm = () => {
    const leftMs = expiresAt.getTime() - clock.now().getTime();
    if (leftMs <= 0) holder.revoke();
    else cancel = clock.after(Math.min(leftMs, LONGEST_TIMER_MS), arm);
  };
  arm();
  return () => {
    cancel();
  };
}
