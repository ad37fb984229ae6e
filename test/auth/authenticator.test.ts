import { describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { createAuthenticator } from '../../src/auth/authenticator.js';
import type { AuthenticatorStore, KeyUse } from '../../src/auth/authenticator.store.js';
import { MAX_STALENESS_MS } from '../../src/auth/key-cache.js';
import { READ_PATIENCE_MS } from '../../src/auth/patience.js';
import { createKeyHash, generateKey } from '../../src/auth/key-format.js';
import { GatewayError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import type { Principal } from '../../src/core/principal.js';
import { Secret } from '../../src/core/secret.js';
import { collectingLogger } from '../kit/logger.js';
import { createManualClock, settled } from '../kit/manual-clock.js';

const hashKey = createKeyHash(new Secret(Buffer.alloc(32, 1)));
const NONSENSE = [`' OR 1=1--`, '%', '\0', `gp_${'\0'.repeat(39)}`, 'x'.repeat(1_048_576), 'ключ 🔑', ''];

function principalOf(powers: Partial<Principal> = {}): Principal {
  return {
    organizationId: newId('organization'),
    apiKeyId: newId('key'),
    teamId: null,
    permissions: new Set(['INFERENCE'] as const),
    models: null,
    tags: [],
    expiresAt: null,
    ...powers,
  };
}

/** A database of keys that counts its reads, can be slow, and can go away. */
function setting(options: { capacity?: number } = {}) {
  const clock = createManualClock();
  const keys = new Map<string, Principal>();
  const state = { away: false, broken: false, reads: 0, uses: [] as (readonly KeyUse[])[], confirmedAt: clock.now() as Date | null };
  let gate: Promise<void> = Promise.resolve();
  const fail = (): void => {
    if (state.away) throw new GatewayError('SERVICE_UNAVAILABLE', 'The database is not available.');
    if (state.broken) throw new Error('a bug');
  };
  const store: AuthenticatorStore = {
    async find(hash) {
      state.reads += 1;
      fail();
      const found = keys.get(hash.toString('hex')) ?? null;
      await gate;
      return found;
    },
    async recordUses(uses) {
      await gate;
      fail();
      state.uses.push(uses);
    },
  };
  const logger = collectingLogger();
  const authenticator = createAuthenticator({ store, hashKey, clock, logger, confirmedAt: () => state.confirmedAt, ...options });
  const add = (principal = principalOf()) => {
    const key = generateKey(randomBytes);
    keys.set(hashKey(key).toString('hex'), principal);
    return { key, principal, remove: () => keys.delete(hashKey(key).toString('hex')) };
  };
  const hold = () => {
    let resolve: () => void = () => undefined;
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    gate = promise;
    return resolve;
  };
  return { authenticator, clock, state, logger, add, hold };
}

describe('from memory', () => {
  test('a known key costs one read, however often it is used', async () => {
    const { authenticator, state, add } = setting();
    const { key, principal } = add();
    for (let times = 0; times < 5; times += 1) expect(await authenticator.authenticate(key)).toBe(principal);
    expect(state.reads).toBe(1);
  });

  test('those who ask at the same time share one read', async () => {
    const { authenticator, state, add, hold } = setting();
    const { key, principal } = add();
    const release = hold();
    const asked = Array.from({ length: 50 }, () => authenticator.authenticate(key));
    release();
    expect(new Set(await Promise.all(asked))).toEqual(new Set([principal]));
    expect(state.reads).toBe(1);
    expect(authenticator.sizes().reading).toBe(0);
  });

  test.each(NONSENSE)('K1 %p is nobody, without a query', async (text) => {
    const { authenticator, state } = setting();
    expect(await authenticator.authenticate(text)).toBeNull();
    expect(state.reads).toBe(0);
  });

  test('a well-formed key that nobody has costs a query every five seconds at most', async () => {
    const { authenticator, clock, state } = setting();
    const key = generateKey(randomBytes);
    for (let times = 0; times < 5; times += 1) expect(await authenticator.authenticate(key)).toBeNull();
    expect(state.reads).toBe(1);
    await clock.advance(5_000);
    await authenticator.authenticate(key);
    expect(state.reads).toBe(2);
  });
});

describe('ends', () => {
  test('an expired key is nobody from its very end on, without another read', async () => {
    const { authenticator, clock, state, add } = setting();
    const { key } = add(principalOf({ expiresAt: new Date(clock.now().getTime() + 1_000) }));
    await clock.advance(999);
    expect(await authenticator.authenticate(key)).not.toBeNull();
    await clock.advance(1);
    expect(await authenticator.authenticate(key)).toBeNull();
    expect(state.reads).toBe(1);
  });

  test('K9 after a change the key is read again, and what was revoked is nobody', async () => {
    const { authenticator, add } = setting();
    const { key, remove } = add();
    expect(await authenticator.recheck(key)).toBe(true);
    remove();
    authenticator.invalidate();
    expect(await authenticator.recheck(key)).toBe(false);
    expect(await authenticator.authenticate(key)).toBeNull();
  });

  test('a read that began before a change does not answer those who ask after it', async () => {
    const { authenticator, add, hold } = setting();
    const { key, principal, remove } = add();
    const release = hold();
    const before = authenticator.authenticate(key);
    remove();
    authenticator.invalidate(principal.apiKeyId);
    const after = authenticator.authenticate(key);
    release();
    expect(await before).toBe(principal);
    expect(await after).toBeNull();
    expect(await authenticator.authenticate(key)).toBeNull();
  });

  test('listeners hear of each change until they stop', () => {
    const { authenticator } = setting();
    let heard = 0;
    const stop = authenticator.onChange(() => (heard += 1));
    authenticator.invalidate();
    authenticator.invalidate(newId('key'));
    stop();
    authenticator.invalidate();
    expect(heard).toBe(2);
  });

  test('listeners hear when a rechecked key reaches its end, the sooner one first', async () => {
    const { authenticator, clock, add } = setting();
    const later = add(principalOf({ expiresAt: new Date(clock.now().getTime() + 5_000) }));
    const sooner = add(principalOf({ expiresAt: new Date(clock.now().getTime() + 2_000) }));
    let heard = 0;
    authenticator.onChange(() => {
      heard += 1;
      void authenticator.recheck(later.key);
    });
    await authenticator.recheck(later.key);
    await authenticator.recheck(sooner.key);
    await clock.advance(2_000);
    expect(heard).toBe(1);
    await clock.advance(3_000);
    expect(heard).toBe(2);
    expect(await authenticator.recheck(later.key)).toBe(false);
  });
});

describe('while the database is away', () => {
  test('D2 a key that is not known is SERVICE_UNAVAILABLE, never nobody', async () => {
    const { authenticator, state, add } = setting();
    const { key } = add();
    state.away = true;
    await expect(authenticator.authenticate(key)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    state.away = false;
    expect(await authenticator.authenticate(key)).not.toBeNull();
  });

  test('D2 a known key goes on being served up to the stated staleness, and not beyond', async () => {
    const { authenticator, clock, state, add } = setting();
    const { key, principal } = add();
    await authenticator.authenticate(key);
    authenticator.invalidate();
    state.away = true;
    expect(await authenticator.authenticate(key)).toBe(principal);
    await clock.advance(MAX_STALENESS_MS);
    expect(await authenticator.authenticate(key)).toBe(principal);
    await clock.advance(1);
    await expect(authenticator.authenticate(key)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });

  test('D2 a known key whose reading never ends is served like one whose reading fails; what is not known waits', async () => {
    const { authenticator, clock, add, hold } = setting();
    const [known, unknown] = [add(), add()];
    await authenticator.authenticate(known.key);
    const timers = clock.waiting;
    const release = hold();
    authenticator.invalidate();
    const answers: unknown[] = [];
    void authenticator.authenticate(known.key).then((principal) => answers.push(principal));
    const waiting = authenticator.authenticate(unknown.key);
    await clock.advance(READ_PATIENCE_MS - 1);
    expect(answers).toEqual([]);
    await clock.advance(1);
    expect(answers).toEqual([known.principal]);
    known.remove();
    release();
    expect(await waiting).toBe(unknown.principal);
    expect(clock.waiting).toBe(timers);
  });

  test('K9 who was let stay because a change could not be read is asked about again until it can be', async () => {
    const { authenticator, clock, state, add } = setting();
    const { key, remove } = add();
    const alive: boolean[] = [];
    authenticator.onChange(() => void authenticator.recheck(key).then((still) => alive.push(still)));
    await authenticator.recheck(key);
    state.away = true;
    remove();
    authenticator.invalidate();
    await clock.advance(5_000);
    expect(alive).toEqual([true, true]);
    state.away = false;
    await clock.advance(5_000);
    expect(alive).toEqual([true, true, false]);
    await clock.advance(60_000);
    await settled();
    expect(alive).toHaveLength(3);
  });

  test('past the staleness a key is served as soon as it can be read again', async () => {
    const { authenticator, clock, state, add } = setting();
    const { key, principal } = add();
    await authenticator.authenticate(key);
    await clock.advance(MAX_STALENESS_MS + 1);
    expect(await authenticator.authenticate(key)).toBe(principal);
    expect(state.reads).toBe(2);
  });

  test('a key whose change was made here is forgotten at once', async () => {
    const { authenticator, state, add } = setting();
    const { key, principal } = add();
    await authenticator.authenticate(key);
    authenticator.invalidate(principal.apiKeyId);
    state.away = true;
    await expect(authenticator.authenticate(key)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });

  test('an expired key stays expired', async () => {
    const { authenticator, clock, state, add } = setting();
    const { key } = add(principalOf({ expiresAt: new Date(clock.now().getTime() + 1_000) }));
    await authenticator.authenticate(key);
    authenticator.invalidate();
    state.away = true;
    await clock.advance(1_000);
    expect(await authenticator.authenticate(key)).toBeNull();
  });

  test('a bug is no outage: it is neither hidden nor served around', async () => {
    const { authenticator, state, add } = setting();
    const { key } = add();
    await authenticator.authenticate(key);
    authenticator.invalidate();
    state.broken = true;
    await expect(authenticator.authenticate(key)).rejects.toThrow('a bug');
  });
});

test('D10 a million distinct keys leave the caches within their caps', async () => {
  const { authenticator, add } = setting({ capacity: 100 });
  for (let round = 0; round < 300; round += 1) await authenticator.authenticate(add().key);
  const wellFormed = Array.from({ length: 5_000 }, () => generateKey(randomBytes));
  for (const key of wellFormed) await authenticator.authenticate(key);
  for (let index = 0; index < 1_000_000; index += 1) await authenticator.authenticate(`gp_${String(index).padStart(39, '0')}`);
  expect(authenticator.sizes()).toEqual({ known: 100, unknown: 1_000, reading: 0 });
}, 60_000);

describe('when keys were last used', () => {
  test('is written in one batch a minute, with the last instant of each key', async () => {
    const { authenticator, clock, state, add } = setting();
    const [first, second] = [add(), add()];
    await authenticator.authenticate(first.key);
    await clock.advance(30_000);
    await authenticator.authenticate(first.key);
    await authenticator.authenticate(second.key);
    const at = clock.now();
    expect(state.uses).toEqual([]);
    await clock.advance(30_000);
    expect(state.uses).toEqual([
      [
        { principal: first.principal, at },
        { principal: second.principal, at },
      ],
    ]);
    await clock.advance(600_000);
    expect(state.uses).toHaveLength(1);
  });

  test('is written at the end, and a recheck is no use', async () => {
    const { authenticator, state, add } = setting();
    const { key } = add();
    await authenticator.recheck(key);
    await authenticator.flush();
    expect(state.uses).toEqual([]);
    await authenticator.authenticate(key);
    await authenticator.flush();
    expect(state.uses).toHaveLength(1);
  });

  test('a failure is told and harms no call', async () => {
    const { authenticator, clock, state, logger, add } = setting();
    const { key, principal } = add();
    await authenticator.authenticate(key);
    state.away = true;
    await clock.advance(60_000);
    expect(logger.messages('warn')).toHaveLength(1);
    state.away = false;
    expect(await authenticator.authenticate(key)).toBe(principal);
  });
});
