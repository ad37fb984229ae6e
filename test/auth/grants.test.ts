import { afterAll, describe, expect, test } from '@jest/globals';
import { PERMISSIONS } from '../../src/core/vocabulary.js';
import type { Permission } from '../../src/core/vocabulary.js';
import { actorOf, errorOf, pathsOf, valueOf } from '../catalog/world.js';
import { openKeyDesk } from './key-desk.js';

const desk = await openKeyDesk();
const { create, created, inAnHour, organizationId, replica, team, teamActor, update } = desk;

afterAll(() => desk.world.close());

describe('K7 nobody grants what they lack', () => {
  const matrix = PERMISSIONS.flatMap((held) => PERMISSIONS.map((wanted) => [held, wanted] as const));
  const implied: Partial<Record<Permission, Permission>> = { CONFIG_WRITE: 'CATALOG_READ', BUDGETS_WRITE: 'USAGE_READ' };

  test.each(matrix)('K7 %s grants %s only where it has it', async (held, wanted) => {
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
