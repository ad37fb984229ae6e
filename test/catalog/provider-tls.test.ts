import { afterAll, describe, expect, test } from '@jest/globals';
import type { ProviderTlsInput } from '../../src/catalog/contract.js';
import { NO_TLS, readTls } from '../../src/catalog/tls-checks.js';
import { certificatesOf } from '../../src/core/certificates.js';
import { createInputChecks } from '../../src/core/input-checks.js';
import { pem } from '../kit/tls.js';
import { openDesk } from './desk.js';
import { auditRows, cipher, dump, openReplica, pathsOf, valueOf } from './world.js';

const desk = await openDesk();
const { admin, changes, createProvider, provider, snapshot, world } = desk;

afterAll(() => desk.world.close());

const CLIENT = { clientCertificate: pem('client'), clientKey: pem('client-key') };
const FULL = { ...CLIENT, certificateAuthority: pem('private-ca'), serverName: 'private.glidepath.test' };
const update = async (id: string, tls: ProviderTlsInput | null) => valueOf(await changes.updateProvider(admin, { id, tls })).tls ?? null;

describe('TLS settings of a provider', () => {
  test('are in force when the mutation returns, the key sealed and bound to its place', async () => {
    const { id, tls } = await provider({ tls: FULL });
    expect(tls).toMatchObject({ owner: id, certificateAuthority: pem('private-ca'), serverName: 'private.glidepath.test' });
    expect(tls?.clientKey?.reveal()).toBe(pem('client-key'));
    const [row] = await world.dataSource.query<{ key: Buffer; organization: string }[]>(
      'SELECT tls_client_key AS key, organization_id AS organization FROM provider WHERE tls_client_key IS NOT NULL ORDER BY created_at DESC LIMIT 1',
    );
    if (row === undefined) throw new Error('no row');
    const { organizationId } = admin.principal;
    expect(() => cipher.open(row.key, [organizationId, id])).toThrow();
    expect(cipher.open(row.key, [organizationId, id, 'tls.clientKey']).reveal()).toBe(pem('client-key'));
  });

  test('K4 the key is in no row and no audit entry, which name certificates by their fingerprints', async () => {
    const { id } = await provider({ tls: FULL });
    const secret = pem('client-key').split('\n')[1] ?? '';
    expect(await dump(world)).not.toContain(secret);
    const entry = (await auditRows(world)).find(({ target_id }) => target_id === id);
    const [leaf] = certificatesOf(pem('client'));
    expect(entry?.after).toMatchObject({ tls: { clientCertificate: [leaf?.fingerprint256], serverName: 'private.glidepath.test' } });
    expect(JSON.stringify(entry)).not.toContain('BEGIN');
  });

  test('in an update what is absent stays, and null clears', async () => {
    const { id, tls } = await provider({ tls: FULL });
    const rotated = await update(id, { certificateAuthority: pem('other-ca') });
    expect(rotated).toMatchObject({ certificateAuthority: pem('other-ca'), clientCertificate: pem('client') });
    expect(rotated?.clientKey?.reveal()).toBe(pem('client-key'));
    expect(rotated?.version).not.toBe(tls?.version);
    const unnamed = await update(id, { serverName: null, clientCertificate: null, clientKey: null });
    expect(unnamed).toMatchObject({ certificateAuthority: pem('other-ca'), clientCertificate: null, clientKey: null, serverName: null });
    expect(await update(id, { certificateAuthority: null })).toBeNull();
    expect(await update(id, FULL)).not.toBeNull();
    expect(await update(id, null)).toBeNull();
  });

  test('another change leaves them, version and all', async () => {
    const { id, tls } = await provider({ tls: FULL });
    const renamed = valueOf(await changes.updateProvider(admin, { id, name: 'Renamed' }));
    expect(renamed.tls?.version).toBe(tls?.version);
  });

  test('reach another replica', async () => {
    const { id } = await provider({ tls: FULL });
    const replica = await openReplica(world);
    await replica.catalogue.refresh();
    const there = replica.catalogue.snapshot(admin.principal.organizationId).providers.byId.get(id);
    expect(there?.tls?.clientKey?.reveal()).toBe(pem('client-key'));
    expect(there?.tls?.version).toBe(snapshot().providers.byId.get(id)?.tls?.version);
  });

  test('are gone with their provider', async () => {
    const { id } = await provider({ tls: FULL });
    valueOf(await changes.deleteProvider(admin, id));
    const rows = await world.dataSource.query<{ key: unknown }[]>(
      'SELECT tls_client_key AS key FROM provider WHERE deleted_at IS NOT NULL AND tls_server_name IS NOT NULL',
    );
    expect(rows).toEqual([]);
  });

  test.each<[string, ProviderTlsInput, string[]]>([
    ['an authority that is no certificate', { certificateAuthority: 'PEM' }, ['tls.certificateAuthority']],
    ['one that is broken', { certificateAuthority: pem('private-ca').replace('MII', 'AAA') }, ['tls.certificateAuthority']],
    ['a key among the certificates', { certificateAuthority: pem('private-ca') + pem('client-key') }, ['tls.certificateAuthority']],
    ['a certificate with a short key', { certificateAuthority: pem('short') }, ['tls.certificateAuthority']],
    ['a certificate without its key', { clientCertificate: pem('client') }, ['tls.clientKey']],
    ['a key without its certificate', { clientKey: pem('client-key') }, ['tls.clientCertificate']],
    ['a key of another certificate', { ...CLIENT, clientKey: pem('second-client-key') }, ['tls.clientKey']],
    ['a key that is none', { ...CLIENT, clientKey: pem('client') }, ['tls.clientKey']],
    ['an address as a name', { serverName: '10.0.0.1' }, ['tls.serverName']],
    ['no name', { serverName: '' }, ['tls.serverName']],
    ['a name that is none', { serverName: 'a b' }, ['tls.serverName']],
  ])('%s is refused by path, in no word of its text, and nothing is left', async (_, tls, paths) => {
    const refuse = async () => {
      const result = await createProvider({ tls });
      expect(pathsOf(result)).toEqual(paths);
      expect(JSON.stringify(result)).not.toMatch(/BEGIN|MII/);
    };
    expect(await desk.leavesNothing(refuse)).toBe(true);
  });

  test('what has expired, and what is not valid yet, is refused with its date', () => {
    const problemsAt = (at: Date) => {
      const checks = createInputChecks();
      readTls(checks, FULL, { before: NO_TLS, at });
      return checks.problems;
    };
    expect(problemsAt(new Date('2300-01-01'))).toEqual([
      { path: 'tls.certificateAuthority', message: expect.stringMatching(/expired on 2126-/) },
      { path: 'tls.clientCertificate', message: expect.stringMatching(/expired on 2126-/) },
    ]);
    expect(problemsAt(new Date('2020-01-01'))).toMatchObject([
      { path: 'tls.certificateAuthority', message: expect.stringMatching(/not valid before 2026-/) },
      { path: 'tls.clientCertificate' },
    ]);
  });

  test('are for https only, also where the address moves from it', async () => {
    expect(pathsOf(await createProvider({ baseUrl: 'http://upstream.test/v1', tls: FULL }))).toEqual(['tls']);
    const { id } = await provider({ tls: FULL });
    expect(pathsOf(await changes.updateProvider(admin, { id, baseUrl: 'http://upstream.test/v1' }))).toContain('tls');
    expect((await provider({ tls: {} })).tls).toBeNull();
  });
});
