import { afterAll, describe, expect, test } from '@jest/globals';
import type { TeamId } from '../../src/core/ids.js';
import { actorOf, addOrganization, errorOf, pathsOf, valueOf } from '../catalog/world.js';
import { openKeyDesk } from './key-desk.js';

const desk = await openKeyDesk();
const { admin, created, organizationId, replica, stored, team, update, world } = desk;

afterAll(() => desk.world.close());

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
  test('of many teams’ keys are what each team’s own page is', async () => {
    const other = actorOf(await addOrganization(world, 'team-pages'));
    const teams: TeamId[] = [];
    for (const [index, slug] of ['none', 'one', 'three'].entries()) {
      const { id } = valueOf(await replica.access.createTeam(other, { slug }));
      teams.push(id);
      for (let made = 0; made < [0, 1, 3][index]!; made += 1) await created({ name: `${slug} ${made}`, teamId: id }, other);
    }
    const last = (await replica.reader.apiKeys(other.principal, { teamId: teams[2]! }, { first: 3, after: null })).nodes;
    for (const after of [null, last[0]!.id, last[2]!.id])
      for (const first of [0, 1, 2, 10]) {
        const batch = await replica.reader.apiKeysOfTeams(other.principal, teams, { first, after });
        for (const teamId of teams)
          expect(batch.get(teamId) ?? { nodes: [], hasNextPage: false, totalCount: 0 }).toEqual(
            await replica.reader.apiKeys(other.principal, { teamId }, { first, after }),
          );
      }
    const narrow = { ...other.principal, teamId: teams[1]! };
    expect([...(await replica.reader.apiKeysOfTeams(narrow, teams, { first: 9, after: null })).keys()]).toEqual([teams[1]]);
    expect((await replica.reader.apiKeysOfTeams(admin.principal, teams, { first: 9, after: null })).size).toBe(0);
  });

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

  test.each(['\0', '%', 'Not A Slug', '../..'])('teams after %p is the caller’s mistake', async (after) => {
    await expect(replica.reader.teams(admin.principal, { first: 2, after })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('a cursor of another list is the caller’s mistake', async () => {
    await expect(replica.reader.apiKeys(admin.principal, { teamId: null }, { first: 2, after: 'nonsense' })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });
});
