import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Actor } from '../../src/core/actor.js';
import { newId, uuidFromId } from '../../src/core/ids.js';
import type { OrganizationId, TeamId } from '../../src/core/ids.js';
import type { Principal } from '../../src/core/principal.js';
import { PERMISSIONS } from '../../src/core/vocabulary.js';
import type { Permission } from '../../src/core/vocabulary.js';
import type { CreateApiKeyInput, CreatedApiKey, Team, UpdateApiKeyInput } from '../../src/auth/contract.js';
import { actorOf, addOrganization, auditRows, dump, errorOf, openReplica, openWorld, pathsOf, start, valueOf } from '../catalog/world.js';
import type { World } from '../catalog/world.js';
import { createManualClock } from '../kit/manual-clock.js';

const clock = createManualClock();
const HOUR_MS = 3_600_000;
let world: World;
let replica: Awaited<ReturnType<typeof openReplica>>;
let organizationId: OrganizationId;
let admin: Actor;

beforeAll(async () => {
  world = await openWorld(clock);
  ({ organizationId } = await start(world));
  replica = await openReplica(world);
  admin = actorOf(organizationId);
});

afterAll(() => world.close());

const inAnHour = () => new Date(clock.now().getTime() + HOUR_MS);
const create = (input: Partial<CreateApiKeyInput> = {}, actor = admin) => replica.access.createApiKey(actor, { name: 'key', ...input });
const created = async (input: Partial<CreateApiKeyInput> = {}, actor = admin): Promise<CreatedApiKey> =>
  valueOf(await create(input, actor));
const update = (input: UpdateApiKeyInput, actor = admin) => replica.access.updateApiKey(actor, input);
const authenticate = (secret: string) => replica.authenticator.authenticate(secret);
const stored = async (id: CreatedApiKey['apiKey']['id']) => (await replica.reader.apiKeysById(organizationId, [id])).get(id);

let teams = 0;
const team = async (actor = admin): Promise<Team> => valueOf(await replica.access.createTeam(actor, { slug: `team-${(teams += 1)}` }));
const teamActor = (teamId: TeamId, permissions: Permission[] = ['KEYS_WRITE', 'INFERENCE']) =>
  actorOf(organizationId, { teamId, permissions });

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

describe('nobody grants what they lack', () => {
  const matrix = PERMISSIONS.flatMap((held) => PERMISSIONS.map((wanted) => [held, wanted] as const));
  const implied: Partial<Record<Permission, Permission>> = { CONFIG_WRITE: 'CATALOG_READ', BUDGETS_WRITE: 'USAGE_READ' };

  test.each(matrix)('%s grants %s only where it has it', async (held, wanted) => {
    const may = held === 'ADMIN' || held === wanted || implied[held] === wanted;
    const result = await create({ permissions: [wanted] }, actorOf(organizationId, { permissions: [held] }));
    expect(result.ok || pathsOf(result)).toEqual(may || ['permissions.0']);
  });

  test('a key with an allow-list grants models of it only, and never all', async () => {
    const actor = actorOf(organizationId, { permissions: ['ADMIN'], models: new Set(['gpt-4o', 'gpt-4o-mini']) });
    expect(pathsOf(await create({}, actor))).toEqual(['models']);
    expect(pathsOf(await create({ models: ['gpt-4o', 'o3'] }, actor))).toEqual(['models.1']);
    expect((await created({ models: ['gpt-4o'] }, actor)).apiKey.models).toEqual(['gpt-4o']);
  });

  test('an update may keep what it could not grant, and add nothing', async () => {
    const { apiKey } = await created({ permissions: ['INFERENCE', 'AUDIT_READ'], models: ['o3'] });
    const actor = actorOf(organizationId, { permissions: ['KEYS_WRITE', 'INFERENCE'], models: new Set(['gpt-4o']) });
    expect(valueOf(await update({ id: apiKey.id, permissions: ['AUDIT_READ'], models: ['o3', 'gpt-4o'] }, actor)).permissions).toEqual([
      'AUDIT_READ',
    ]);
    expect(pathsOf(await update({ id: apiKey.id, permissions: ['AUDIT_READ', 'ADMIN'] }, actor))).toEqual(['permissions.1']);
    expect(pathsOf(await update({ id: apiKey.id, models: ['o3', 'o1'] }, actor))).toEqual(['models.1']);
    expect(pathsOf(await update({ id: apiKey.id, allModels: true }, actor))).toEqual(['models']);
  });

  test('nobody takes over a stronger key by rotating it, or makes it live longer', async () => {
    const { apiKey } = await created({ permissions: ['ADMIN'], expiresAt: inAnHour() });
    const actor = actorOf(organizationId, { permissions: ['KEYS_WRITE'] });
    expect(pathsOf(await replica.access.rotateApiKey(actor, { id: apiKey.id }))).toEqual(['id']);
    expect(pathsOf(await update({ id: apiKey.id, expiresAt: null }, actor))).toEqual(['expiresAt']);
    expect(valueOf(await replica.access.revokeApiKey(actor, apiKey.id)).state).toBe('REVOKED');
  });
});

describe("a team's key", () => {
  test('makes keys of its own team, asked or not', async () => {
    const { id } = await team();
    expect((await created({}, teamActor(id))).apiKey.teamId).toBe(id);
    expect((await created({ teamId: id }, teamActor(id))).apiKey.teamId).toBe(id);
  });

  test('finds no other team and no key outside its own', async () => {
    const [own, other] = [await team(), await team()];
    const actor = teamActor(own.id);
    const foreign = [(await created()).apiKey.id, (await created({ teamId: other.id })).apiKey.id];
    expect(errorOf(await create({ teamId: other.id }, actor)).code).toBe('NOT_FOUND');
    expect(errorOf(await replica.access.updateTeam(actor, { id: other.id, name: 'x' })).code).toBe('NOT_FOUND');
    for (const id of foreign) {
      expect(errorOf(await update({ id, name: 'x' }, actor)).code).toBe('NOT_FOUND');
      expect(errorOf(await replica.access.rotateApiKey(actor, { id })).code).toBe('NOT_FOUND');
      expect(errorOf(await replica.access.revokeApiKey(actor, id)).code).toBe('NOT_FOUND');
    }
  });

  test.each<Permission>(['CONFIG_WRITE', 'ADMIN'])("can't hold %s, whoever grants it", async (permission) => {
    const { id: teamId } = await team();
    const { apiKey } = await created({ teamId });
    expect(pathsOf(await create({ teamId, permissions: [permission] }))).toEqual(['permissions.0']);
    expect(pathsOf(await update({ id: apiKey.id, permissions: [permission] }))).toEqual(['permissions.0']);
  });

  test('lists its own keys and team only', async () => {
    const [own, other] = [await team(), await team()];
    const { apiKey } = await created({ teamId: own.id });
    await created({ teamId: other.id });
    const { principal } = teamActor(own.id);
    const page = { first: 10, after: null };
    expect((await replica.reader.apiKeys(principal, { teamId: null }, page)).nodes).toEqual([apiKey]);
    expect(await replica.reader.apiKeys(principal, { teamId: other.id }, page)).toEqual({ nodes: [], hasNextPage: false, totalCount: 0 });
    expect((await replica.reader.teams(principal, page)).nodes).toEqual([own]);
  });

  test("can't make teams", async () => {
    const { id } = await team();
    expect(pathsOf(await replica.access.createTeam(teamActor(id), { slug: 'mine' }))).toEqual(['slug']);
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

describe('teams', () => {
  test('a slug is taken once, also by two at the same time', async () => {
    const results = await Promise.all([1, 2, 3].map(() => replica.access.createTeam(admin, { slug: 'sales', name: 'Sales' })));
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    expect(results.filter((result) => !result.ok).map((result) => errorOf(result).field)).toEqual(['slug', 'slug']);
  });

  test.each(['', 'Sales', 'a/b', '-a', 'a'.repeat(64), 'a\0'])('slug %p is refused', async (slug) => {
    expect(pathsOf(await replica.access.createTeam(admin, { slug }))).toContain('slug');
  });

  test('a name changes, and can not be cleared', async () => {
    const { id, slug } = await team();
    expect(valueOf(await replica.access.updateTeam(admin, { id, name: 'New' }))).toMatchObject({ id, slug, name: 'New' });
    expect(pathsOf(await replica.access.updateTeam(admin, { id, name: null }))).toEqual(['name']);
    expect(valueOf(await replica.access.updateTeam(admin, { id })).name).toBe('New');
    expect((await replica.reader.teamsById(organizationId, [id])).get(id)?.name).toBe('New');
  });
});

describe('another organization', () => {
  test('sees nothing and changes nothing', async () => {
    const other = actorOf(await addOrganization(world, 'tenant-b'));
    const [{ apiKey }, { id: teamId }] = [await created(), await team()];
    const { principal } = other;
    const page = { first: 10, after: null };
    expect((await replica.reader.apiKeysById(principal.organizationId, [apiKey.id])).size).toBe(0);
    expect((await replica.reader.teamsById(principal.organizationId, [teamId])).size).toBe(0);
    expect((await replica.reader.apiKeys(principal, { teamId: null }, page)).totalCount).toBe(0);
    expect((await replica.reader.teams(principal, page)).totalCount).toBe(0);
    expect(errorOf(await update({ id: apiKey.id, name: 'x' }, other))).toMatchObject({ code: 'NOT_FOUND', targetId: apiKey.id });
    expect(errorOf(await replica.access.revokeApiKey(other, apiKey.id)).code).toBe('NOT_FOUND');
    expect(errorOf(await replica.access.updateTeam(other, { id: teamId, name: 'x' })).code).toBe('NOT_FOUND');
    expect((await stored(apiKey.id))?.state).toBe('ACTIVE');
  });
});

describe('pages', () => {
  test('walk all keys once, the newest first', async () => {
    const other = actorOf(await addOrganization(world, 'pages'));
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) ids.unshift((await created({ name: `key ${index}` }, other)).apiKey.id);
    const seen: string[] = [];
    for (let after: string | null = null, more = true; more;) {
      const page = await replica.reader.apiKeys(other.principal, { teamId: null }, { first: 2, after });
      expect(page.totalCount).toBe(5);
      seen.push(...page.nodes.map(({ id }) => id));
      after = page.nodes.at(-1)?.id ?? null;
      more = page.hasNextPage;
    }
    expect(seen).toEqual(ids);
  });

  test('teams are in the order of their slugs', async () => {
    const other = actorOf(await addOrganization(world, 'ordered'));
    for (const slug of ['b', 'a-2', 'a', 'c.1', 'a_1']) valueOf(await replica.access.createTeam(other, { slug }));
    const first = await replica.reader.teams(other.principal, { first: 3, after: null });
    const second = await replica.reader.teams(other.principal, { first: 3, after: first.nodes.at(-1)?.slug ?? null });
    expect([...first.nodes, ...second.nodes].map(({ slug }) => slug)).toEqual(['a', 'a-2', 'a_1', 'b', 'c.1']);
    expect([first.hasNextPage, second.hasNextPage]).toEqual([true, false]);
  });

  test('a cursor of another list is the caller’s mistake', async () => {
    await expect(replica.reader.apiKeys(admin.principal, { teamId: null }, { first: 2, after: 'nonsense' })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });
});

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
