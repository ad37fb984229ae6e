import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { systemClock } from '../../src/core/clock.js';
import { newId, uuidFromId } from '../../src/core/ids.js';
import { Secret } from '../../src/core/secret.js';
import { bumpConfigurationVersion, createConfigurationWatch } from '../../src/storage/change-notices.js';
import { openDatabase } from '../../src/storage/database.js';
import type { Database } from '../../src/storage/database.js';
import { ensurePartitions, lowestIdAt } from '../../src/storage/partitions.js';
import { administer, createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';
import { collectingLogger } from '../kit/logger.js';
import { insertOneOfEverything } from '../kit/one-of-everything.js';

/**
 * A managed Postgres gives a login that owns its database and may create roles, and no superuser: forced policies bind
 * the owner too, so everything here would fail where the product leaned on a superuser's rights.
 */
const login = `plain_${randomBytes(4).toString('hex')}`;
let database: TestDatabase;
let opened: Database;
let url: URL;
const organization = newId('organization');

beforeAll(async () => {
  database = await createTestDatabase({ migrated: false });
  await administer(`CREATE ROLE ${login} LOGIN NOSUPERUSER CREATEROLE PASSWORD 'x'`);
  // On a server of its own the login makes the roles; in this cluster they are there already, made by another.
  await administer(`GRANT glidepath_app, glidepath_writer TO ${login} WITH ADMIN OPTION, INHERIT FALSE, SET FALSE`);
  url = new URL(database.url);
  await administer(`ALTER DATABASE ${url.pathname.slice(1)} OWNER TO ${login}`);
  url.username = login;
  url.password = 'x';
  opened = await openDatabase({
    config: { databaseUrl: new Secret(url.href), dataDir: tmpdir(), masterKey: new Secret(randomBytes(32)) },
    logger: collectingLogger(),
    clock: systemClock,
    poolSize: 2,
  });
});

afterAll(async () => {
  await opened.close();
  await database.drop();
  await administer(`DROP ROLE ${login}`);
});

test('a login without superuser rights migrates, and each role reads and writes what is its own', async () => {
  await opened.unitOfWork.asWriter((manager) => insertOneOfEverything(manager, organization));
  const seen = await opened.unitOfWork.asOrganization(organization, (manager) =>
    manager.query<{ n: number }[]>(
      'SELECT (SELECT count(*) FROM inference)::int + (SELECT count(*) FROM attempt)::int + (SELECT count(*) FROM price)::int AS n',
    ),
  );
  expect(seen).toEqual([{ n: 3 }]);
  const foreign = await opened.unitOfWork.asOrganization(newId('organization'), (manager) =>
    manager.query<{ n: number }[]>('SELECT count(*)::int AS n FROM inference'),
  );
  expect(foreign).toEqual([{ n: 0 }]);
});

test('without a role that login, the owner of every table, sees no tenant’s row', async () => {
  const owner = await opened.dataSource.query<{ owner: string }[]>(`SELECT tableowner AS owner FROM pg_tables WHERE tablename = 'team'`);
  expect(owner).toEqual([{ owner: login }]);
  for (const table of ['organization', 'team', 'api_key_secret', 'provider', 'inference'])
    expect(await opened.dataSource.query(`SELECT count(*)::int AS n FROM ${table}`)).toEqual([{ n: 0 }]);
});

test('its references, partitions, versions and notices work', async () => {
  await expect(
    opened.unitOfWork.asOrganization(organization, (manager) =>
      manager.query('UPDATE api_key SET team_id = $1', [uuidFromId(newId('team'))]),
    ),
  ).rejects.toMatchObject({ driverError: { code: '23503' } });
  const later = new Date('2041-01-15T00:00:00Z');
  await opened.unitOfWork.asWriter((manager) =>
    manager.query(
      `INSERT INTO inference (id, organization_id, operation, status, requested_model, api_key_id, created_at)
       VALUES ($1, $2, 'COMPLETION', 'RUNNING', 'm', $1, now())`,
      [lowestIdAt(later), uuidFromId(organization)],
    ),
  );
  expect(await ensurePartitions(opened.dataSource, later)).toHaveLength(10);
  const place = await opened.unitOfWork.asWriter((manager) =>
    manager.query('SELECT tableoid::regclass::text AS place FROM inference WHERE id = $1', [lowestIdAt(later)]),
  );
  expect(place).toEqual([{ place: 'inference_2041_01' }]);

  const told: number[] = [];
  let wake: () => void = () => undefined;
  const watch = createConfigurationWatch({
    url: url.href,
    clock: systemClock,
    logger: collectingLogger(),
    onVersion: (version) => {
      told.push(version);
      wake();
    },
  });
  await watch.start();
  const version = await opened.unitOfWork.asOrganization(organization, bumpConfigurationVersion);
  while (!told.includes(version)) await new Promise<void>((resolve) => (wake = resolve));
  await watch.stop();
  expect(told).toEqual([version - 1, version]);
});
