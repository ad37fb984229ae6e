import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:net';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { systemClock } from '../../src/core/clock.js';
import type { Clock } from '../../src/core/clock.js';
import { newId } from '../../src/core/ids.js';
import { bumpConfigurationVersion, createConfigurationWatch } from '../../src/storage/change-notices.js';
import type { ConfigurationWatch } from '../../src/storage/change-notices.js';
import { createDataSource } from '../../src/storage/data-source.js';
import { createUnitOfWork } from '../../src/storage/unit-of-work.js';
import type { UnitOfWork } from '../../src/storage/unit-of-work.js';
import { createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';
import { collectingLogger } from '../kit/logger.js';
import { withRoom } from '../kit/room.js';

let database: TestDatabase;
let dataSource: DataSource;
let work: UnitOfWork;
let watches: ConfigurationWatch[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  dataSource = await createDataSource({ url: database.url, poolSize: 2 }).initialize();
  work = createUnitOfWork(dataSource);
});

afterEach(async () => {
  await Promise.all(watches.map((watch) => watch.stop()));
  watches = [];
  await dataSource.destroy();
  await database.drop();
});

/** A clock whose timers run only when told. */
function heldClock(): Clock & { fire(): void; pending(): number; readonly delaysMs: readonly number[] } {
  let timers: (() => void)[] = [];
  const delaysMs: number[] = [];
  return {
    ...systemClock,
    delaysMs,
    after: (delayMs, run) => {
      delaysMs.push(delayMs);
      timers.push(run);
      return () => {
        timers = timers.filter((timer) => timer !== run);
      };
    },
    fire: () => {
      const due = timers;
      timers = [];
      for (const run of due) run();
    },
    pending: () => timers.length,
  };
}

/** Versions as they are told, to be awaited. */
function recorder() {
  const versions: number[] = [];
  let wake: () => void = () => undefined;
  return {
    versions,
    onVersion: (version: number) => {
      versions.push(version);
      wake();
    },
    async reached(version: number): Promise<void> {
      while (!versions.includes(version)) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

function watchWith(clock: Clock, url = database.url) {
  const told = recorder();
  const logger = collectingLogger();
  const made = createConfigurationWatch({ url, clock, logger, onVersion: told.onVersion });
  watches.push(made);
  return { watch: made, told, logger };
}

const bump = () => work.asOrganization(newId('organization'), bumpConfigurationVersion);

describe('bumpConfigurationVersion', () => {
  test('raises the version in the transaction of the mutation, and falls with it', async () => {
    expect(await bump()).toBe(2);
    const failing = work.asWriter(async (manager) => {
      await bumpConfigurationVersion(manager);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await bump()).toBe(3);
  });

  test('never loses a step, however many mutations run at once', async () => {
    const versions = await Promise.all(Array.from({ length: 20 }, bump));
    expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
  });
});

describe('the watch', () => {
  test('tells the first version at its start, and by notice alone the next, while no timer runs', async () => {
    const clock = heldClock();
    const { watch: made, told } = watchWith(clock);
    expect(made.confirmedAt()).toBeNull();
    await made.start();
    expect(told.versions).toEqual([1]);
    expect(made.confirmedAt()).toBeInstanceOf(Date);
    await bump();
    await told.reached(2);
    expect(told.versions).toEqual([1, 2]);
  });

  test('K9 by polling alone, where notices are lost, and soon enough for a second to hold', async () => {
    const clock = heldClock();
    const { watch: made, told } = watchWith(clock);
    await made.start();
    await work.asWriter((manager) => manager.query('UPDATE configuration_version SET version = 7'));
    expect(told.versions).toEqual([1]);
    // Known within a second, with as long again for reading what changed.
    expect(Math.max(...clock.delaysMs)).toBeLessThanOrEqual(500);
    clock.fire();
    await told.reached(7);
  });

  test('tells each version once', async () => {
    const clock = heldClock();
    const { watch: made, told } = watchWith(clock);
    await made.start();
    await made.start();
    await bump();
    await told.reached(2);
    await made.start();
    expect(told.versions).toEqual([1, 2]);
  });

  test('a change is known to another replica in less than a second', async () => {
    const { watch: made, told } = watchWith(systemClock);
    await made.start();
    const startedAt = performance.now();
    await bump();
    await told.reached(2);
    expect(performance.now() - startedAt).toBeLessThan(withRoom(1_000));
  });

  test('works on while the pool of the product is used up', async () => {
    const { watch: made, told } = watchWith(systemClock);
    await made.start();
    const runners = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
    await Promise.all(runners.map((runner) => runner.connect()));
    const outside = new pg.Client({ connectionString: database.url });
    await outside.connect();
    await outside.query('UPDATE configuration_version SET version = 9');
    await told.reached(9);
    await outside.end();
    await Promise.all(runners.map((runner) => runner.release()));
  });

  test('D3 comes back after the server ended its connection, finds what it missed, and tells of the loss once', async () => {
    const clock = heldClock();
    const { watch: made, told, logger } = watchWith(clock);
    await made.start();
    await dataSource.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'glidepath watch'`);
    while (logger.messages('warn').length === 0) await new Promise((resolve) => setImmediate(resolve));
    await bump();
    while (!told.versions.includes(2)) {
      clock.fire();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(told.versions).toEqual([1, 2]);
    expect(logger.messages('warn')).toHaveLength(1);
    expect(logger.messages('info')).toEqual(['the configuration is watched again']);
    await bump();
    await told.reached(3);
  });

  test('starts although the database is away, and goes on trying', async () => {
    const refusing = createServer().listen(0, '127.0.0.1');
    await once(refusing, 'listening');
    const address = refusing.address();
    refusing.close();
    await once(refusing, 'close');
    const url = new URL(database.url);
    url.port = String(typeof address === 'object' && address ? address.port : 1);
    const clock = heldClock();
    const { watch: made, told, logger } = watchWith(clock, url.href);
    await made.start();
    expect([told.versions, made.confirmedAt()]).toEqual([[], null]);
    expect(logger.messages('warn')).toHaveLength(1);
    expect(clock.pending()).toBe(1);
  });

  test('is silent after its stop, and leaves no connection', async () => {
    const clock = heldClock();
    const { watch: made, told } = watchWith(clock);
    await made.start();
    await made.stop();
    await bump();
    clock.fire();
    expect(clock.pending()).toBe(0);
    expect(told.versions).toEqual([1]);
    const count = `SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'glidepath watch' AND datname = current_database()`;
    let [row] = await dataSource.query<{ count: number }[]>(count);
    while (row?.count !== 0) [row] = await dataSource.query<{ count: number }[]>(count);
    expect(row.count).toBe(0);
  });
});
