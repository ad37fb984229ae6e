import { randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { createAccessChanges } from '../../src/auth/access.js';
import { createAccessReader } from '../../src/auth/access-reader.js';
import { createAccessStore } from '../../src/auth/access.store.js';
import { createAdminKeyGrant } from '../../src/auth/admin-key.store.js';
import { createAuthenticator } from '../../src/auth/authenticator.js';
import { createAuthenticatorStore } from '../../src/auth/authenticator.store.js';
import { createKeyHash, PEPPER_PURPOSE } from '../../src/auth/key-format.js';
import { createCatalogueChangeStore } from '../../src/catalog/change.store.js';
import { createCatalogueChanges } from '../../src/catalog/changes.js';
import { createCatalogue } from '../../src/catalog/catalogue.js';
import { createCatalogueStore } from '../../src/catalog/catalogue.store.js';
import type { RouteNode } from '../../src/core/routes.js';
import type { KnownProviders, ProviderPreset } from '../../src/catalog/contract.js';
import { CREDENTIAL_PURPOSE } from '../../src/catalog/credentials.js';
import type { EnvironmentProvider } from '../../src/catalog/environment-providers.js';
import { seed } from '../../src/catalog/seed.js';
import type { Seeded } from '../../src/catalog/seed.js';
import { createSeedStore } from '../../src/catalog/seed.store.js';
import type { SandboxSettings } from '../../src/catalog/snapshot.js';
import type { Actor } from '../../src/core/actor.js';
import { systemClock } from '../../src/core/clock.js';
import type { Clock } from '../../src/core/clock.js';
import type { Result, UserError } from '../../src/core/errors.js';
import { newId, uuidFromId } from '../../src/core/ids.js';
import type { OrganizationId } from '../../src/core/ids.js';
import type { Principal } from '../../src/core/principal.js';
import { Secret } from '../../src/core/secret.js';
import type { Permission } from '../../src/core/vocabulary.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { PRESETS } from '../../src/providers/presets.js';
import { createCipher, deriveKey } from '../../src/storage/cipher.js';
import { createDataSource } from '../../src/storage/data-source.js';
import { checkMasterKey } from '../../src/storage/master-key.js';
import { createUnitOfWork } from '../../src/storage/unit-of-work.js';
import type { UnitOfWork } from '../../src/storage/unit-of-work.js';
import { createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';
import { collectingLogger } from '../kit/logger.js';

export const MASTER_KEY = new Secret(Buffer.alloc(32, 7));
export const SANDBOX_URL = 'http://127.0.0.1:9/v1';

export const KNOWN: KnownProviders = {
  wireFormats: new Set(WIRE_FORMAT_ADAPTERS.keys()),
  presets: PRESETS,
  preset: (name): ProviderPreset | null => PRESETS.find((preset) => preset.name === name) ?? null,
};

/** A database of its own, with keys and catalogue on top, as compose joins them. */
export interface World {
  readonly database: TestDatabase;
  readonly dataSource: DataSource;
  readonly unitOfWork: UnitOfWork;
  readonly clock: Clock;
  close(): Promise<void>;
}

export async function openWorld(clock: Clock = systemClock): Promise<World> {
  const database = await createTestDatabase();
  const dataSource = await createDataSource({ url: database.url, poolSize: 4 }).initialize();
  const unitOfWork = createUnitOfWork(dataSource);
  await checkMasterKey(unitOfWork, MASTER_KEY);
  return {
    database,
    dataSource,
    unitOfWork,
    clock,
    close: async () => {
      if (dataSource.isInitialized) await dataSource.destroy();
      await database.drop();
    },
  };
}

export interface SeedOptions {
  readonly adminKey?: string;
  readonly environmentProviders?: readonly EnvironmentProvider[];
  readonly known?: KnownProviders;
  readonly masterKey?: Secret<Buffer>;
}

export const hashKey = createKeyHash(new Secret(deriveKey(MASTER_KEY, PEPPER_PURPOSE)));
export const cipher = createCipher({ masterKey: MASTER_KEY, purpose: CREDENTIAL_PURPOSE, randomBytes });

export async function start(world: World, options: SeedOptions = {}): Promise<Seeded & { logger: ReturnType<typeof collectingLogger> }> {
  const logger = collectingLogger();
  const adminKey = options.adminKey === undefined ? null : new Secret(options.adminKey);
  const store = createSeedStore(world.unitOfWork, createAdminKeyGrant({ adminKey, hashKey, randomBytes }));
  const { environmentProviders = [], known = KNOWN } = options;
  const seeded = await seed({ store, clock: world.clock, logger, cipher, known, environmentProviders });
  return { ...seeded, logger };
}

/** One replica: a loaded catalogue, its changes, and the doors' authenticator. */
export async function openReplica(world: World, options: { sandbox?: SandboxSettings; confirmedAt?: () => Date | null } = {}) {
  const { unitOfWork, clock } = world;
  const logger = collectingLogger();
  const sandbox = options.sandbox ?? { mode: 'auto', baseUrl: SANDBOX_URL };
  const catalogue = createCatalogue({ store: createCatalogueStore(unitOfWork, logger), cipher, sandbox, logger });
  const authenticator = createAuthenticator({
    store: createAuthenticatorStore(unitOfWork),
    hashKey,
    clock,
    logger,
    confirmedAt: options.confirmedAt ?? (() => clock.now()),
  });
  const accessStore = createAccessStore(unitOfWork);
  const access = createAccessChanges({
    store: accessStore,
    clock,
    randomBytes,
    hashKey,
    modelExists: (organizationId, slug) => catalogue.snapshot(organizationId).models.bySlug.has(slug),
    onKeyChanged: (id) => {
      authenticator.invalidate(id);
    },
  });
  const changes = createCatalogueChanges({
    store: createCatalogueChangeStore(unitOfWork),
    catalogue,
    known: KNOWN,
    clock,
    cipher,
    // Any tree does here: what it means is routing's.
    checkRoute: ({ definition }) => ({ definition: definition as RouteNode }),
    checkUrl: (url, { allowPrivateNetwork }) =>
      url.hostname === '127.0.0.1' && !allowPrivateNetwork ? 'is on a private network; set allowPrivateNetwork' : null,
  });
  await catalogue.refresh();
  return { logger, catalogue, authenticator, access, reader: createAccessReader({ store: accessStore, clock }), changes };
}

/** A second tenant, as the cloud edition would make it. */
export async function addOrganization(world: World, slug = 'other'): Promise<OrganizationId> {
  const id = newId('organization');
  await world.unitOfWork.asWriter(async (manager) => {
    await manager.query('INSERT INTO organization (id, slug, name, created_at) VALUES ($1, $2, $2, now())', [uuidFromId(id), slug]);
  });
  return id;
}

/** Whoever asks, without a stored key: changes trust the principal they are given. */
export function actorOf(
  organizationId: OrganizationId,
  powers: Partial<Omit<Principal, 'permissions'>> & { permissions?: Permission[] } = {},
): Actor {
  const { permissions = ['ADMIN'], ...rest } = powers;
  const principal: Principal = {
    organizationId,
    apiKeyId: newId('key'),
    teamId: null,
    models: null,
    tags: [],
    expiresAt: null,
    ...rest,
    permissions: new Set(permissions),
  };
  return { principal, requestId: 'request-1' };
}

export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

export function errorOf(result: Result<unknown>): UserError {
  if (result.ok) throw new Error('was done');
  return result.error;
}

/** The paths of what is wrong, in order. */
export function pathsOf(result: Result<unknown>): readonly string[] {
  return (errorOf(result).problems ?? []).map((problem) => problem.path);
}

/** Everything the database holds, as text, to look for what must not be there. */
export async function dump(world: World): Promise<string> {
  const tables = await world.dataSource.query<{ name: string }[]>(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`);
  const texts = await Promise.all(
    tables.map(async ({ name }) => JSON.stringify(await world.dataSource.query<unknown[]>(`SELECT t::text FROM "${name}" t`))),
  );
  return texts.join('\n');
}

export async function auditRows(world: World): Promise<readonly AuditRow[]> {
  return world.dataSource.query<AuditRow[]>(
    'SELECT action, actor, target_id, target_kind, before, after, request_id FROM audit_entry ORDER BY id',
  );
}

export interface AuditRow {
  readonly action: string;
  readonly actor: string;
  readonly target_id: string;
  readonly target_kind: string;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  readonly request_id: string | null;
}
