import { afterAll, describe, expect, test } from '@jest/globals';
import type { CreateApiKeyInput } from '../../src/auth/contract.js';
import { newId, uuidFromId } from '../../src/core/ids.js';
import type { Principal } from '../../src/core/principal.js';
import { dump, errorOf, openReplica, pathsOf, valueOf } from '../catalog/world.js';
import { HOUR_MS, openKeyDesk } from './key-desk.js';

const desk = await openKeyDesk();
const { admin, authenticate, clock, create, created, inAnHour, organizationId, replica, stored, team, update, world } = desk;

afterAll(() => desk.world.close());

describe('createApiKey', () => {
  test('answers a working key with what was asked for', async () => {
    const { id: teamId } = await team();
    const input = {
      permissions: ['INFERENCE', 'USAGE_READ'],
      models: ['gpt-4o'],
      tags: [{ key: 'app', value: 'shop' }],
      expiresAt: inAnHour(),
    } as const;
    const { apiKey, secret } = await created({ teamId, ...input });
    expect(apiKey).toMatchObject({ ...input, name: 'key', teamId, state: 'ACTIVE', prefix: secret.slice(0, 10), lastUsedAt: null });
    const principal = await authenticate(secret);
    expect(principal).toEqual({
      organizationId,
      apiKeyId: apiKey.id,
      teamId,
      permissions: new Set(input.permissions),
      models: new Set(['gpt-4o']),
      tags: input.tags,
      expiresAt: input.expiresAt,
    } satisfies Principal);
    expect(await stored(apiKey.id)).toEqual(apiKey);
  });

  test('may do INFERENCE with all models where nothing else is said', async () => {
    const { apiKey } = await created();
    expect(apiKey).toMatchObject({ permissions: ['INFERENCE'], models: null, teamId: null, expiresAt: null, tags: [] });
  });

  test.each<[string, Partial<CreateApiKeyInput>, string[]]>([
    ['an empty name', { name: ' ' }, ['name']],
    ['a long name', { name: 'n'.repeat(201) }, ['name']],
    ['a NUL', { name: 'a\0b' }, ['name']],
    ['no permission', { permissions: [] }, ['permissions']],
    ['unknown models', { models: ['gpt-4o', 'no-such-model', `' OR 1=1--`] }, ['models.1', 'models.2']],
    ['an end in the past', { expiresAt: new Date('2020-01-01T00:00:00Z') }, ['expiresAt']],
    ['no real instant', { expiresAt: new Date('nonsense') }, ['expiresAt']],
    ['too many tags', { tags: Array.from({ length: 21 }, (_, index) => ({ key: `k${index}`, value: 'v' })) }, ['tags']],
    ['a long tag', { tags: [{ key: 'k'.repeat(64), value: 'v'.repeat(256) }] }, ['tags.0.key', 'tags.0.value']],
    [
      'a tag twice',
      {
        tags: [
          { key: 'k', value: '1' },
          { key: 'k', value: '2' },
        ],
      },
      ['tags.1.key'],
    ],
    ['several at once', { name: '', permissions: [], models: ['nope'] }, ['name', 'permissions', 'models.0']],
  ])('refuses %s by path', async (_name, input, paths) => {
    expect(pathsOf(await create(input))).toEqual(paths);
  });

  test.each(['', 'nonsense', newId('team'), newId('key'), `team_${"'".repeat(26)}`])(
    'a team %p that is not there is NOT_FOUND',
    async (teamId) => {
      expect(errorOf(await create({ teamId })).code).toBe('NOT_FOUND');
    },
  );

  test('a refusal leaves neither row nor audit row nor a new version', async () => {
    const before = await dump(world);
    await create({ name: '' });
    await create({ teamId: newId('team') });
    expect(await dump(world)).toBe(before);
  });
});

describe('updateApiKey', () => {
  test('leaves what is absent', async () => {
    const { apiKey } = await created({ models: ['gpt-4o'], expiresAt: inAnHour(), permissions: ['USAGE_READ'] });
    expect(valueOf(await update({ id: apiKey.id }))).toEqual(apiKey);
    expect(valueOf(await update({ id: apiKey.id, name: 'renamed' }))).toEqual({ ...apiKey, name: 'renamed' });
  });

  test('is in force when it returns', async () => {
    const { apiKey, secret } = await created();
    expect((await authenticate(secret))?.models).toBeNull();
    valueOf(await update({ id: apiKey.id, models: ['gpt-4o'] }));
    expect((await authenticate(secret))?.models).toEqual(new Set(['gpt-4o']));
  });

  test('null never lifts the allow-list: only allModels does', async () => {
    const { apiKey } = await created({ models: ['gpt-4o'] });
    const refused = await update({ id: apiKey.id, models: null });
    expect(errorOf(refused).problems).toEqual([{ path: 'models', message: expect.stringContaining('allModels: true') }]);
    expect(pathsOf(await update({ id: apiKey.id, models: ['o3'], allModels: true }))).toEqual(['models']);
    expect(valueOf(await update({ id: apiKey.id, allModels: false })).models).toEqual(['gpt-4o']);
    expect(valueOf(await update({ id: apiKey.id, allModels: true })).models).toBeNull();
  });

  test('null clears the end, and an end in the past is refused', async () => {
    const { apiKey } = await created({ expiresAt: inAnHour() });
    expect(pathsOf(await update({ id: apiKey.id, expiresAt: clock.now() }))).toEqual(['expiresAt']);
    expect(valueOf(await update({ id: apiKey.id, expiresAt: null })).expiresAt).toBeNull();
  });

  test('what a key needs can not be cleared', async () => {
    const { apiKey } = await created();
    expect(pathsOf(await update({ id: apiKey.id, name: null, permissions: null }))).toEqual(['name', 'permissions']);
  });

  test('nothing changes on a revoked key', async () => {
    const { apiKey } = await created();
    await replica.access.revokeApiKey(admin, apiKey.id);
    expect(pathsOf(await update({ id: apiKey.id, name: 'x' }))).toEqual(['id']);
    expect(pathsOf(await replica.access.rotateApiKey(admin, { id: apiKey.id }))).toEqual(['id']);
  });
});

describe('rotateApiKey', () => {
  test('without grace the old secret ends at once', async () => {
    const { apiKey, secret } = await created();
    await authenticate(secret);
    const rotated = valueOf(await replica.access.rotateApiKey(admin, { id: apiKey.id }));
    expect(rotated.apiKey).toEqual({ ...apiKey, prefix: rotated.secret.slice(0, 10) });
    expect(await authenticate(secret)).toBeNull();
    expect((await authenticate(rotated.secret))?.apiKeyId).toBe(apiKey.id);
  });

  test('with grace both work until it is over', async () => {
    const { apiKey, secret } = await created();
    const rotated = valueOf(await replica.access.rotateApiKey(admin, { id: apiKey.id, graceSeconds: 60 }));
    expect((await authenticate(secret))?.apiKeyId).toBe(apiKey.id);
    await clock.advance(59_999);
    expect(await authenticate(secret)).not.toBeNull();
    await clock.advance(1);
    expect(await authenticate(secret)).toBeNull();
    expect(await authenticate(rotated.secret)).not.toBeNull();
  });

  test('a second rotation never lengthens the first one’s grace', async () => {
    const { apiKey, secret } = await created();
    valueOf(await replica.access.rotateApiKey(admin, { id: apiKey.id, graceSeconds: 10 }));
    valueOf(await replica.access.rotateApiKey(admin, { id: apiKey.id, graceSeconds: 3_600 }));
    await clock.advance(10_000);
    expect(await authenticate(secret)).toBeNull();
  });

  test.each([-1, 0.5, 30 * 24 * 3_600 + 1, Number.NaN])('a grace of %p s is refused', async (graceSeconds) => {
    const { apiKey } = await created();
    expect(pathsOf(await replica.access.rotateApiKey(admin, { id: apiKey.id, graceSeconds }))).toEqual(['graceSeconds']);
  });

  test('an expired key has to be given a new end first', async () => {
    const { apiKey } = await created({ expiresAt: inAnHour() });
    await clock.advance(HOUR_MS);
    expect((await stored(apiKey.id))?.state).toBe('EXPIRED');
    expect(pathsOf(await replica.access.rotateApiKey(admin, { id: apiKey.id }))).toEqual(['id']);
  });
});

describe('revokeApiKey', () => {
  test('ends every secret of the key, also those in grace', async () => {
    const { apiKey, secret } = await created();
    const rotated = valueOf(await replica.access.rotateApiKey(admin, { id: apiKey.id, graceSeconds: 3_600 }));
    await Promise.all([authenticate(secret), authenticate(rotated.secret)]);
    expect(valueOf(await replica.access.revokeApiKey(admin, apiKey.id)).state).toBe('REVOKED');
    expect([await authenticate(secret), await authenticate(rotated.secret)]).toEqual([null, null]);
    const rows = await world.dataSource.query<unknown[]>('SELECT 1 FROM api_key_secret WHERE api_key_id = $1', [uuidFromId(apiKey.id)]);
    expect(rows).toEqual([]);
  });

  test('a second time changes nothing', async () => {
    const { apiKey } = await created();
    const first = valueOf(await replica.access.revokeApiKey(admin, apiKey.id));
    const before = await dump(world);
    expect(valueOf(await replica.access.revokeApiKey(admin, apiKey.id))).toEqual(first);
    expect(await dump(world)).toBe(before);
  });

  test('K9 another replica refuses the key once it has read again', async () => {
    const other = await openReplica(world);
    const { apiKey, secret } = await created();
    expect(await other.authenticator.authenticate(secret)).not.toBeNull();
    await replica.access.revokeApiKey(admin, apiKey.id);
    other.authenticator.invalidate();
    expect(await other.authenticator.recheck(secret)).toBe(false);
  });
});
