import { afterAll, describe, expect, test } from '@jest/globals';
import { actorOf, auditRows, dump, openReplica, openWorld, start, valueOf } from '../catalog/world.js';
import { openKeyDesk } from './key-desk.js';

const desk = await openKeyDesk();
const { admin, authenticate, clock, created, replica, stored, update, world } = desk;

afterAll(() => desk.world.close());

describe('the audit log', () => {
  test('tells who changed what, before and after, in the same transaction', async () => {
    const { apiKey } = await created({ name: 'before' });
    valueOf(await update({ id: apiKey.id, name: 'after' }));
    const rows = (await auditRows(world)).filter((row) => row.target_id === apiKey.id);
    expect(rows.map((row) => [row.action, row.actor, row.target_kind, row.request_id])).toEqual([
      ['createApiKey', admin.principal.apiKeyId, 'key', 'request-1'],
      ['updateApiKey', admin.principal.apiKeyId, 'key', 'request-1'],
    ]);
    expect(rows[0]).toMatchObject({ before: null, after: { name: 'before' } });
    expect(rows[1]).toMatchObject({ before: { name: 'before' }, after: { name: 'after' } });
  });

  test('each change raises the configuration version', async () => {
    const version = async () =>
      (await world.dataSource.query<{ version: string }[]>('SELECT version FROM configuration_version'))[0]?.version;
    const before = Number(await version());
    const { apiKey } = await created();
    await replica.access.rotateApiKey(admin, { id: apiKey.id });
    await replica.access.revokeApiKey(admin, apiKey.id);
    expect(Number(await version())).toBe(before + 3);
  });

  test('K5 no secret is in any table or log, through the whole life of a key', async () => {
    const { apiKey, secret } = await created({ name: 'canary' });
    const rotated = valueOf(await replica.access.rotateApiKey(admin, { id: apiKey.id, graceSeconds: 60 }));
    await authenticate(secret);
    await authenticate(`${secret.slice(0, -1)}?`);
    await replica.authenticator.flush();
    await replica.access.revokeApiKey(admin, apiKey.id);
    const everything = (await dump(world)) + JSON.stringify(replica.logger.lines);
    for (const text of [secret, rotated.secret]) expect(everything).not.toContain(text.slice(11));
  });
});

test('when a key was last used is stored, and never goes back', async () => {
  const { apiKey, secret } = await created();
  await authenticate(secret);
  const at = clock.now();
  await replica.authenticator.flush();
  expect((await stored(apiKey.id))?.lastUsedAt).toEqual(at);
});

test('K1 no text as a key reaches the database', async () => {
  const queries: string[] = [];
  const counting = await openReplica({
    ...world,
    unitOfWork: {
      ...world.unitOfWork,
      asWriter: (run) => {
        queries.push('asWriter');
        return world.unitOfWork.asWriter(run);
      },
    },
  });
  queries.length = 0;
  const nonsense = [`' OR 1=1--`, '%', '\0', `gp_${'\0'.repeat(39)}`, 'x'.repeat(1_048_576), 'ключ 🔑', ''];
  expect(await Promise.all(nonsense.map((text) => counting.authenticator.authenticate(text)))).toEqual(nonsense.map(() => null));
  expect(queries).toEqual([]);
});

test('D2 with the database gone a known key works and an unknown one is SERVICE_UNAVAILABLE', async () => {
  const gone = await openWorld();
  const { organizationId: id } = await start(gone);
  const here = await openReplica(gone);
  const known = valueOf(await here.access.createApiKey(actorOf(id), { name: 'known' }));
  const unknown = valueOf(await here.access.createApiKey(actorOf(id), { name: 'unknown' }));
  await here.authenticator.authenticate(known.secret);
  await gone.dataSource.destroy();
  here.authenticator.invalidate();
  expect((await here.authenticator.authenticate(known.secret))?.apiKeyId).toBe(known.apiKey.id);
  await expect(here.authenticator.authenticate(unknown.secret)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  await gone.close();
});
