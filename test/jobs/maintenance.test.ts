import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { systemClock } from '../../src/core/clock.js';
import { newId, uuidFromId } from '../../src/core/ids.js';
import { createJobLock } from '../../src/jobs/job-lock.store.js';
import { maintenanceJobs } from '../../src/jobs/maintenance.js';
import { createDataSource } from '../../src/storage/data-source.js';
import { ApiKeySecret } from '../../src/storage/entities/api-key-secret.js';
import { ApiKey } from '../../src/storage/entities/api-key.js';
import { Organization } from '../../src/storage/entities/organization.js';
import { ensurePartitions } from '../../src/storage/partitions.js';
import { createUnitOfWork } from '../../src/storage/unit-of-work.js';
import type { UnitOfWork } from '../../src/storage/unit-of-work.js';
import { createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';

let database: TestDatabase;
let dataSource: DataSource;
let work: UnitOfWork;

beforeAll(async () => {
  database = await createTestDatabase();
  dataSource = createDataSource({ url: database.url, poolSize: 4 });
  await dataSource.initialize();
  work = createUnitOfWork(dataSource);
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

function jobsAt(now: Date) {
  const told: object[] = [];
  const logger = {
    debug: () => undefined,
    info: (fields: object) => void told.push(fields),
    warn: () => undefined,
    error: () => undefined,
  };
  const clock = { ...systemClock, now: () => now };
  const jobs = maintenanceJobs({
    ...{ unitOfWork: work, clock, logger },
    ensurePartitions: (at) => ensurePartitions(dataSource, at),
    purge: { keys: () => Promise.resolve(0), contents: () => Promise.resolve(3) },
    settleLost: () => Promise.resolve(2),
    deleteOrphanedFeedback: (before) => Promise.resolve(before.getTime() === now.getTime() - 30 * 86_400_000 ? 4 : 0),
  });
  const run = async (name: string) => {
    const job = jobs.find((one) => one.name === name);
    if (!job) throw new Error(`no such job: ${name}`);
    await job.run();
    return told;
  };
  return { jobs, run };
}

describe('the lock of a job', () => {
  test('keeps it to one replica at a time, and lets go at the end', async () => {
    const lock = createJobLock(work);
    const inner: boolean[] = [];
    const outer = await lock.tryRun('sweep', async () => {
      inner.push(await createJobLock(work).tryRun('sweep', async () => undefined));
      inner.push(await lock.tryRun('another', async () => undefined));
    });
    expect([outer, ...inner]).toEqual([true, false, true]);
    expect(await lock.tryRun('sweep', async () => undefined)).toBe(true);
  });

  test('is let go where the job fails, and the failure is told', async () => {
    const lock = createJobLock(work);
    const failing = lock.tryRun('sweep', async () => {
      throw new Error('out of order');
    });
    await expect(failing).rejects.toThrow('out of order');
    expect(await lock.tryRun('sweep', async () => undefined)).toBe(true);
  });
});

describe('maintenance', () => {
  test('what lost replicas left is looked for often, what expired by the minute and hour, the rest daily', () => {
    expect(jobsAt(new Date()).jobs.map(({ name, everyMs }) => [name, everyMs])).toEqual([
      ['lost completions', 15_000],
      ['expired completion contents', 60_000],
      ['expired idempotency keys', 3_600_000],
      ['orphaned feedback', 86_400_000],
      ['partitions ahead', 86_400_000],
      ['expired key secrets', 86_400_000],
    ]);
  });

  test('tell what they found, and nothing where there was nothing', async () => {
    expect(await jobsAt(new Date()).run('lost completions')).toEqual([{ count: 2 }]);
    expect(await jobsAt(new Date()).run('expired completion contents')).toEqual([{ count: 3 }]);
    expect(await jobsAt(new Date()).run('expired idempotency keys')).toEqual([]);
    expect(await jobsAt(new Date()).run('orphaned feedback')).toEqual([{ count: 4 }]);
  });

  test('partitions are made for the months ahead of the day it runs', async () => {
    const { run } = jobsAt(new Date('2031-05-20T00:00:00Z'));
    expect(await run('partitions ahead')).toEqual([{ made: expect.arrayContaining(['inference_2031_08', 'attempt_2031_08']) }]);
    expect(await run('partitions ahead')).toHaveLength(1);
  });

  test('secrets that expired a week ago go; current ones and those just expired stay', async () => {
    const now = new Date('2026-11-21T12:00:00Z');
    const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000);
    const hashes = { lasting: randomBytes(32), fresh: randomBytes(32), old: randomBytes(32), coming: randomBytes(32) };
    await work.asWriter(async (manager) => {
      const [organizationId, apiKeyId] = [uuidFromId(newId('organization')), uuidFromId(newId('key'))];
      await manager.insert(Organization, { id: organizationId, slug: 'keys', name: 'Keys', createdAt: now });
      await manager.insert(ApiKey, { id: apiKeyId, organizationId, name: 'k', prefix: 'p', permissions: ['ADMIN'], createdAt: now });
      const secret = { organizationId, apiKeyId, createdAt: now };
      await manager.insert(ApiKeySecret, [
        { ...secret, hash: hashes.lasting, expiresAt: null },
        { ...secret, hash: hashes.fresh, expiresAt: daysAgo(6.9) },
        { ...secret, hash: hashes.old, expiresAt: daysAgo(7.1) },
        { ...secret, hash: hashes.coming, expiresAt: daysAgo(-1) },
      ]);
    });
    expect(await jobsAt(now).run('expired key secrets')).toEqual([{ deleted: 1 }]);
    const left = await work.asWriter((manager) => manager.find(ApiKeySecret));
    expect(left.map(({ hash }) => hash.toString('hex')).toSorted()).toEqual(
      [hashes.lasting, hashes.fresh, hashes.coming].map((hash) => hash.toString('hex')).toSorted(),
    );
  });
});
