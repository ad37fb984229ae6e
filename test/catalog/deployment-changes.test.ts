import { afterAll, describe, expect, test } from '@jest/globals';
import { newId } from '../../src/core/ids.js';
import { INPUT, openDesk, tiersOf } from './desk.js';
import { actorOf, addOrganization, auditRows, dump, errorOf, pathsOf, valueOf } from './world.js';

const desk = await openDesk();
const { admin, changes, deployment, model, provider, replica, slug, snapshot, world } = desk;

afterAll(() => desk.world.close());

describe('deployments', () => {
  test('are named <provider>.<model>, and take the vendor’s name from the preset', async () => {
    const { slug: name } = valueOf(await changes.createProvider(admin, { slug: slug('fw'), preset: 'fireworks' }));
    const preset = valueOf(await changes.createDeployment(admin, { provider: name, model: 'minimax-m3' }));
    expect(preset).toMatchObject({
      slug: `${name}.minimax-m3`,
      upstreamModel: 'accounts/fireworks/models/minimax-m3',
      weight: 1,
      enabled: true,
      onCancel: 'ABORT',
      structuredOutputRepair: false,
    });
    const plain = valueOf(await changes.createDeployment(admin, { provider: (await provider()).slug, model: 'gpt-4o' }));
    expect(plain.upstreamModel).toBe('gpt-4o');
  });

  test('stand below their model and provider at once, in order', async () => {
    const [{ slug: on }, { slug: of }] = [await provider(), await model()];
    const light = valueOf(await changes.createDeployment(admin, { provider: on, model: of, slug: slug('light') }));
    const heavy = valueOf(await changes.createDeployment(admin, { provider: on, model: of, slug: slug('heavy'), weight: 5 }));
    expect(
      snapshot()
        .models.bySlug.get(of)
        ?.deployments.map(({ id }) => id),
    ).toEqual([heavy.id, light.id]);
    valueOf(await changes.updateDeployment(admin, { id: light.id, weight: 9 }));
    expect(
      snapshot()
        .providers.bySlug.get(on)
        ?.deployments.map(({ id }) => id),
    ).toEqual([light.id, heavy.id]);
  });

  test('every wrong field is told by path, and nothing is left', async () => {
    const refuse = async () => {
      const input = { provider: 'nope', model: `' OR 1=1--`, slug: 'A/b', upstreamModel: '', region: '\0', weight: -1 };
      expect(pathsOf(await changes.createDeployment(admin, input))).toEqual([
        'provider',
        'model',
        'slug',
        'region',
        'weight',
        'upstreamModel',
      ]);
      expect(pathsOf(await changes.createDeployment(admin, { provider: 'sandbox', model: 'sandbox', weight: 10_001 }))).toEqual(['weight']);
    };
    expect(await desk.leavesNothing(refuse)).toBe(true);
  });

  test.each(['\0', 'a\0b', '', 'Sandbox', '\ud800', 'x'.repeat(100_000)])('%p names no provider and no model', async (name) => {
    expect(pathsOf(await changes.createDeployment(admin, { provider: name, model: name }))).toEqual(['provider', 'model']);
  });

  test('a taken slug is a conflict; one too long to be made up has to be given', async () => {
    expect(errorOf(await changes.createDeployment(admin, { provider: 'sandbox', model: 'sandbox' }))).toMatchObject({
      code: 'CONFLICT',
      field: 'slug',
    });
    const long = valueOf(await changes.createModel(admin, { slug: `m${'x'.repeat(60)}`, vendor: 'v' }));
    expect(pathsOf(await changes.createDeployment(admin, { provider: 'sandbox', model: long.slug }))).toEqual(['slug']);
  });

  test('an update leaves what is absent, and null clears', async () => {
    const { id, model: of } = await deployment();
    const repairs = { structuredOutputRepair: true };
    const input = { upstreamModel: 'vendor/name', region: 'eu', weight: 3, enabled: false, onCancel: 'DRAIN', ...repairs } as const;
    expect(valueOf(await changes.updateDeployment(admin, { id, ...input }))).toMatchObject(input);
    expect(valueOf(await changes.updateDeployment(admin, { id }))).toMatchObject(input);
    expect(valueOf(await changes.updateDeployment(admin, { id, weight: 2 }))).toMatchObject({ weight: 2, structuredOutputRepair: true });
    const none = { upstreamModel: null, region: null, weight: null, onCancel: null, structuredOutputRepair: null };
    const cleared = valueOf(await changes.updateDeployment(admin, { id, ...none }));
    const defaults = { weight: 1, enabled: false, onCancel: 'ABORT', structuredOutputRepair: false };
    expect(cleared).toMatchObject({ upstreamModel: of.slug, region: null, ...defaults });
    expect(pathsOf(await changes.updateDeployment(admin, { id, enabled: null, weight: 1.5, upstreamModel: ' ' }))).toEqual([
      'enabled',
      'weight',
      'upstreamModel',
    ]);
  });

  test('a deleted one is gone by name, stays by id, and its slug is free', async () => {
    const { id, slug: name, provider: on, model: of } = await deployment();
    expect(valueOf(await changes.deleteDeployment(admin, id))).toEqual({ deletedId: id });
    expect(snapshot().deployments.bySlug.has(name)).toBe(false);
    expect(snapshot().deployments.byId.get(id)?.deleted).toBe(true);
    expect(errorOf(await changes.deleteDeployment(admin, id)).code).toBe('NOT_FOUND');
    expect(valueOf(await changes.createDeployment(admin, { provider: on.slug, model: of.slug })).id).not.toBe(id);
  });
});

describe('ids that are not there', () => {
  test.each(['', 'nonsense', '%', '\0', `' OR 1=1--`, newId('team'), newId('provider'), newId('model'), newId('deployment')])(
    '%p is NOT_FOUND everywhere',
    async (id) => {
      const results = await Promise.all([
        changes.updateProvider(admin, { id }),
        changes.deleteProvider(admin, id),
        changes.updateModel(admin, { id }),
        changes.updateDeployment(admin, { id }),
        changes.deleteDeployment(admin, id),
      ]);
      expect(results.map((result) => errorOf(result).code)).toEqual(results.map(() => 'NOT_FOUND'));
      expect(results.map((result) => errorOf(result).targetId)).toEqual(results.map(() => id));
    },
  );

  test('another organization’s are not there', async () => {
    const other = actorOf(await addOrganization(world, 'foreign'));
    await replica.catalogue.refresh();
    const on = await deployment();
    expect(errorOf(await changes.updateDeployment(other, { id: on.id, weight: 0 })).code).toBe('NOT_FOUND');
    expect(errorOf(await changes.deleteProvider(other, on.provider.id)).code).toBe('NOT_FOUND');
    expect(errorOf(await changes.updateModel(other, { id: on.model.id, name: 'x' })).code).toBe('NOT_FOUND');
    expect(pathsOf(await changes.createDeployment(other, { provider: on.provider.slug, model: on.model.slug }))).toEqual([
      'provider',
      'model',
    ]);
    expect(pathsOf(await changes.setPrice(other, { deployment: on.slug, price: tiersOf(INPUT) }))).toEqual(['deployment']);
  });
});

describe('the audit log', () => {
  test('has one row for each change, with what was before and after', async () => {
    const on = await deployment();
    valueOf(await changes.updateDeployment(admin, { id: on.id, weight: 7 }));
    valueOf(await changes.deleteDeployment(admin, on.id));
    const rows = (await auditRows(world)).filter((row) => row.target_id === on.id);
    expect(rows.map((row) => [row.action, row.before?.['weight'], row.after?.['weight'], row.actor])).toEqual([
      ['createDeployment', undefined, 1, admin.principal.apiKeyId],
      ['updateDeployment', 1, 7, admin.principal.apiKeyId],
      ['deleteDeployment', 7, undefined, admin.principal.apiKeyId],
    ]);
  });

  test('K5 tells of a credential its last four characters, and of headers their names', async () => {
    const { id } = await provider({ headers: { 'x-canary': 'header-canary-value' }, credential: { apiKey: 'sk-canary-0123456789wxyz' } });
    valueOf(await changes.updateProvider(admin, { id, credential: { apiKey: 'sk-canary-9876543210abcd' } }));
    valueOf(await changes.deleteProvider(admin, id));
    const rows = (await auditRows(world)).filter((row) => row.target_id === id);
    expect(rows.map((row) => (row.after?.['credential'] as { lastFour?: string } | undefined)?.lastFour)).toEqual([
      'wxyz',
      'abcd',
      undefined,
    ]);
    expect(JSON.stringify(rows)).not.toMatch(/sk-canary|header-canary/);
    expect((await dump(world)) + JSON.stringify(replica.logger.lines)).not.toContain('sk-canary');
  });
});
