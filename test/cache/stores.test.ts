import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { insertStartRows, markContentAvailable, markContentExpired, staleStartRows } from '../../src/accounting/open-rows.store.js';
import { createCancelRequests } from '../../src/cache/cancellations.store.js';
import { createContentPages } from '../../src/cache/content-pages.store.js';
import { createContentReader, createContentStore } from '../../src/cache/content.store.js';
import type { EndedContent, KeyClaim } from '../../src/cache/contract.js';
import { CONTENT_PURPOSE } from '../../src/cache/envelope.js';
import { createExpiredPurge } from '../../src/cache/expired.store.js';
import { createIdempotencyStore } from '../../src/cache/idempotency.store.js';
import { systemClock } from '../../src/core/clock.js';
import type { CompletionEvent } from '../../src/core/events.js';
import { newId, uuidFromId } from '../../src/core/ids.js';
import type { InferenceRecord } from '../../src/core/inference.js';
import { Secret } from '../../src/core/secret.js';
import { createCipher } from '../../src/storage/cipher.js';
import { createDataSource } from '../../src/storage/data-source.js';
import { createNoticeBoard } from '../../src/storage/notices.js';
import { createUnitOfWork } from '../../src/storage/unit-of-work.js';
import type { UnitOfWork } from '../../src/storage/unit-of-work.js';
import { createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';
import { collect, createStage } from '../inference/kit.js';

let database: TestDatabase;
let dataSource: DataSource;
let work: UnitOfWork;

beforeAll(async () => {
  database = await createTestDatabase();
  dataSource = await createDataSource({ url: database.url, poolSize: 12 }).initialize();
  work = createUnitOfWork(dataSource);
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

const HOUR_MS = 3_600_000;
const inAnHour = () => new Date(Date.now() + HOUR_MS);
const masterKey = new Secret(randomBytes(32));
const cipher = createCipher({ masterKey, purpose: CONTENT_PURPOSE, randomBytes });
const reader = () => createContentReader({ unitOfWork: work, cipher, clock: systemClock });
const contents = () => createContentStore({ unitOfWork: work, cipher, clock: systemClock, markAvailable: markContentAvailable });

const keysOf = (ownerLeaseMs = 60_000, unitOfWork = work) =>
  createIdempotencyStore({
    unitOfWork,
    replicaId: randomUUID(),
    fingerprintKey: new Secret(Buffer.alloc(32, 1)),
    insertStarts: insertStartRows,
    staleStarts: (manager, limit) => staleStartRows(manager, new Date(), limit),
    ownerLeaseMs,
  });

/** A log as the pipeline writes it, with its records. */
async function live(): Promise<{ record: InferenceRecord; events: readonly CompletionEvent[] }> {
  const { completions, caller, request } = createStage();
  caller.script = (call) => {
    for (const text of ['one ', 'two ', 'thrée 🌍 \0']) call.say({ type: 'text', text });
    call.answer('end');
  };
  const events = await collect(await completions.stream({ ...request(), idempotencyKey: 'k', after: -1 }));
  const last = events.at(-1);
  if (last?.type !== 'finished') throw new Error('unreachable');
  return { record: last.completion.record, events };
}

const running = (record: InferenceRecord): InferenceRecord => ({
  ...{ ...record, id: newId('completion'), status: 'RUNNING', usage: null, cost: null, attempts: [], endedAt: null },
  ...{ contentState: 'NOT_STORED', contentExpiresAt: null },
});

function claimFor(record: InferenceRecord, fields: Partial<KeyClaim> = {}): KeyClaim {
  const { organizationId, apiKeyId, operation } = record;
  return { organizationId, apiKeyId, operation, key: randomUUID(), fingerprint: 'f', ...fields };
}

function endedOf(record: InferenceRecord, events: readonly CompletionEvent[], fields: Partial<EndedContent> = {}): EndedContent {
  const kept = { events: { value: events, until: inAnHour() }, payload: null, keyUntil: null };
  return { organizationId: record.organizationId, id: record.id, ...kept, bytes: 0, onStored: () => undefined, ...fields };
}

const one = async (sql: string, ...parameters: unknown[]) => (await dataSource.query<Record<string, unknown>[]>(sql, parameters))[0];

describe('keys', () => {
  test('of 20 claims at once by several replicas one takes the key, with its RUNNING row; all others are told of it', async () => {
    const { record } = await live();
    const claim = claimFor(record);
    const starts = Array.from({ length: 20 }, () => running(record));
    const replicas = [keysOf(), keysOf(), keysOf()];
    const known = await Promise.all(starts.map((start, index) => replicas[index % 3]!.claim(claim, start)));
    const winner = starts[known.indexOf(null)]!;
    expect(known.filter((each) => each === null)).toHaveLength(1);
    expect(known.filter((each) => each !== null)).toEqual(
      Array.from({ length: 19 }, () => ({ id: winner.id, sameInput: true, state: 'RUNNING' })),
    );
    const rows = await one(
      `SELECT count(*)::int AS count, min(status) AS status FROM inference WHERE id = ANY($1)`,
      starts.map(({ id }) => uuidFromId(id)),
    );
    expect(rows).toEqual({ count: 1, status: 'RUNNING' });
  });

  test('another input, another key of the API, another operation’s space', async () => {
    const { record } = await live();
    const keys = keysOf();
    const claim = claimFor(record);
    await keys.claim(claim, running(record));
    expect(await keys.find({ ...claim, fingerprint: 'other' })).toMatchObject({ sameInput: false });
    expect(await keys.find({ ...claim, apiKeyId: newId('key') })).toBeNull();
    expect(await keys.find({ ...claim, organizationId: newId('organization') })).toBeNull();
    const { fingerprint } = (await one('SELECT fingerprint FROM idempotency_key WHERE key = $1', claim.key)) as { fingerprint: Buffer };
    expect(fingerprint.length).toBe(32);
    expect(fingerprint.toString('utf8')).not.toContain('f');
  });

  test('an owner that is not heard of is LOST; one that renews is not; another’s renewing does not count', async () => {
    const { record } = await live();
    const [claim, kept] = [claimFor(record), claimFor(record)];
    const [start, keptStart] = [running(record), running(record)];
    const dead = keysOf(0);
    await dead.claim(claim, start);
    expect(await dead.find(claim)).toMatchObject({ state: 'LOST' });
    await keysOf().renew([start.id]);
    expect(await dead.find(claim)).toMatchObject({ state: 'LOST' });
    const alive = keysOf();
    await alive.claim(kept, keptStart);
    await alive.renew([keptStart.id]);
    const lost = (await alive.lost(1_000)).map(({ id }) => id);
    expect([lost.includes(start.id), lost.includes(keptStart.id)]).toEqual([true, false]);
    await alive.end([start.id], inAnHour());
    expect(await alive.find(claim)).toMatchObject({ state: 'ENDED' });
    expect((await alive.lost(1_000)).map(({ id }) => id)).not.toContain(start.id);
  });

  test('D1 replicas that claim the same keys in opposite orders never wait for each other: each key has one owner, and one row', async () => {
    const { record } = await live();
    const claims = Array.from({ length: 60 }, () => claimFor(record));
    const replicas = [keysOf(), keysOf(), keysOf()];
    const asked = replicas.map((keys, index) => {
      const order = index % 2 === 0 ? claims : claims.toReversed();
      return order.map(async (claim) => {
        const start = running(record);
        return { key: claim.key, start: start.id, known: await keys.claim(claim, start) };
      });
    });
    const answers = await Promise.all(asked.flat());
    const owners = new Map(answers.flatMap(({ key, start, known }) => (known === null ? [[key, start] as const] : [])));
    expect(owners.size).toBe(claims.length);
    for (const { key, known } of answers) if (known) expect(known).toEqual({ id: owners.get(key), sameInput: true, state: 'RUNNING' });
    const rows = await one(
      'SELECT count(*)::int AS count FROM inference WHERE id = ANY($1)',
      answers.map(({ start }) => uuidFromId(start)),
    );
    expect(rows).toEqual({ count: claims.length });
  });

  test('what begins together may be new, taken, past its time, the same twice, or without a key; a burst takes a few transactions', async () => {
    const { record } = await live();
    const [taken, over, fresh, twice] = [claimFor(record), claimFor(record), claimFor(record), claimFor(record)];
    const [held, old] = [running(record), running(record)];
    await keysOf().claim(taken, held);
    await keysOf().claim(over, old);
    await keysOf().end([old.id], new Date(Date.now() - 1));
    let transactions = 0;
    const keys = keysOf(60_000, {
      ...work,
      asWriter: (run) => {
        transactions += 1;
        return work.asWriter(run);
      },
    });
    const starts = Array.from({ length: 300 }, () => running(record));
    const second = running(record);
    const others = starts.slice(5).map((start) => keys.claim(claimFor(record), start));
    const together = await Promise.all([
      keys.claim(taken, starts[0]!),
      keys.claim(over, starts[1]!),
      keys.claim(fresh, starts[2]!),
      keys.claim(twice, starts[3]!),
      keys.claim(twice, second),
      keys.begin(starts[4]!),
    ]);
    expect(together.slice(0, 3)).toEqual([{ id: held.id, sameInput: true, state: 'RUNNING' }, null, null]);
    const winner = together[3] === null ? starts[3]! : second;
    expect(together.slice(3, 5)).toEqual(expect.arrayContaining([null, { id: winner.id, sameInput: true, state: 'RUNNING' }]));
    expect(new Set(await Promise.all(others))).toEqual(new Set([null]));
    expect(transactions).toBeLessThanOrEqual(6);
    const rows = await one(
      `SELECT count(*)::int AS count FROM inference WHERE id = ANY($1) AND status = 'RUNNING'`,
      [...starts, second].map(({ id }) => uuidFromId(id)),
    );
    expect(rows).toEqual({ count: starts.length - 1 });
  });

  test('released or expired, a key is free again', async () => {
    const { record } = await live();
    const keys = keysOf();
    const claim = claimFor(record);
    const [first, second, third] = [running(record), running(record), running(record)];
    await keys.claim(claim, first);
    await keys.release([first.id]);
    expect(await keys.claim(claim, second)).toBeNull();
    await keys.end([second.id], new Date(Date.now() - 1));
    expect(await keys.find(claim)).toBeNull();
    expect(await keys.claim(claim, third)).toBeNull();
    expect(await keys.find(claim)).toMatchObject({ id: third.id, state: 'RUNNING' });
  });

  test('rows that say RUNNING for longer than any call takes are found, unless a key’s owner answers for them', async () => {
    const { record } = await live();
    const id = `completion_${newId('completion')
      .slice('completion_'.length)
      .replace(/^.{10}/, '01h2xcejqt')}` as const;
    const keys = keysOf();
    await keys.begin({ ...running(record), id });
    await dataSource.query('UPDATE idempotency_key SET ended_at = now() WHERE ended_at IS NULL');
    expect(await keys.lost(10)).toEqual([{ organizationId: record.organizationId, id }]);
  });
});

describe('requests to cancel', () => {
  test('are taken once, by whoever runs what they name, and heard at once by all who listen', async () => {
    const { record } = await live();
    const [asked, other] = [running(record).id, running(record).id];
    const notices = createNoticeBoard();
    const requests = createCancelRequests({ unitOfWork: work, notices });
    const listener = new pg.Client({ connectionString: database.url });
    await listener.connect();
    await listener.query('LISTEN glidepath_cancellation');
    const heard: string[] = [];
    requests.onAsked((id) => heard.push(id));
    const notified = once(listener, 'notification') as Promise<[{ channel: string; payload: string }]>;
    await requests.ask(record.organizationId, asked);
    await requests.ask(record.organizationId, asked);
    const [{ channel, payload }] = await notified;
    notices.hear(channel, payload);
    notices.hear(channel, 'nonsense');
    expect(heard).toEqual([asked]);
    expect(await requests.take([other])).toEqual([]);
    expect(await requests.take([other, asked])).toEqual([asked]);
    expect(await requests.take([asked])).toEqual([]);
    await listener.end();
  });

  test('are cleared away when nobody took them', async () => {
    const { record } = await live();
    const requests = createCancelRequests({ unitOfWork: work, notices: createNoticeBoard() });
    const { id } = running(record);
    await requests.ask(record.organizationId, id);
    await createExpiredPurge({ unitOfWork: work, markExpired: markContentExpired }).keys(new Date(Date.now() + 25 * HOUR_MS));
    expect(await requests.take([id])).toEqual([]);
  });
});

describe('contents', () => {
  test('a stored log is the live one, field by field, and its row and key tell of it', async () => {
    const { record, events } = await live();
    const keys = keysOf();
    const claim = claimFor(record);
    await keys.claim(claim, { ...record, contentState: 'NOT_STORED', contentExpiresAt: null });
    const keyUntil = inAnHour();
    await contents().insert([endedOf(record, events, { keyUntil })]);
    expect(await reader().events(record.organizationId, record.id)).toEqual(events);
    expect(await one('SELECT content_state FROM inference WHERE id = $1', uuidFromId(record.id))).toEqual({ content_state: 'AVAILABLE' });
    expect(await keys.find(claim)).toEqual({ id: record.id, sameInput: true, state: 'ENDED' });
    await contents().insert([endedOf(record, [], { keyUntil })]);
    expect(await reader().events(record.organizationId, record.id)).toEqual(events);
  });

  test('an envelope opens for nobody else: not for another organization, completion or kind', async () => {
    const { record, events } = await live();
    await contents().insert([endedOf(record, events, { payload: { value: { prompt: [], message: null }, until: inAnHour() } })]);
    expect(await reader().events(newId('organization'), record.id)).toBeNull();
    const id = uuidFromId(record.id);
    const swap = `UPDATE completion_content SET envelope = (SELECT envelope FROM completion_content WHERE completion_id = $1 AND kind = 'PAYLOAD') WHERE completion_id = $1 AND kind = 'EVENTS'`;
    await dataSource.query(swap, [id]);
    await expect(reader().events(record.organizationId, record.id)).rejects.toThrow();
  });

  test('D7 what was said and asked in many is read together: exactly from the log, else as it is stored, and in parts where it is much', async () => {
    const statements: string[] = [];
    const counting: UnitOfWork = {
      ...work,
      asOrganization: (organizationId, run) => {
        statements.push(organizationId);
        return work.asOrganization(organizationId, run);
      },
    };
    const [logged, paid, both, expired, other] = await Promise.all([live(), live(), live(), live(), live()]);
    const said = (text: string) => ({ parts: [{ kind: 'text' as const, text, signature: null }], refusal: null });
    const asked = [
      { role: 'USER' as const, parts: [{ kind: 'text' as const, text: 'ask', signature: null }], toolCallId: null, isError: false },
    ];
    const payload = (until = inAnHour()) => ({ value: { prompt: asked, message: said('as stored') }, until });
    await contents().insert([
      endedOf(logged.record, logged.events),
      endedOf(paid.record, [], { events: null, payload: payload() }),
      endedOf(both.record, both.events, { payload: payload() }),
      endedOf(expired.record, [], { events: null, payload: payload(new Date(Date.now() - 1)) }),
      { ...endedOf(other.record, other.events), organizationId: newId('organization') },
    ]);
    const ids = [logged, paid, both, expired, other].map(({ record }) => record.id);
    const { organizationId } = logged.record;
    const exactly = logged.events.at(-1);
    const message = exactly?.type === 'finished' ? exactly.completion.message : null;
    for (const [maxBytes, reads] of [
      [16 * 1024 * 1024, 1],
      [1, 3],
    ] as const) {
      statements.length = 0;
      const pages = createContentPages({ unitOfWork: counting, cipher, clock: systemClock, maxBytes });
      const messages = await pages.messages(organizationId, ids);
      expect(new Map(messages)).toEqual(
        new Map([
          [logged.record.id, message],
          [both.record.id, message],
          [paid.record.id, said('as stored')],
        ]),
      );
      expect(statements).toHaveLength(reads);
    }
    const payloads = await reader().payloads(organizationId, ids);
    expect([...payloads.keys()].toSorted()).toEqual([paid.record.id, both.record.id].toSorted());
    expect(payloads.get(paid.record.id)).toEqual(payload().value);
  });

  test('of many an envelope that does not open is an Error of its own', async () => {
    const [broken, whole] = await Promise.all([live(), live()]);
    await contents().insert([endedOf(broken.record, broken.events), endedOf(whole.record, whole.events)]);
    await dataSource.query(`UPDATE completion_content SET envelope = '\\x00' WHERE completion_id = $1`, [uuidFromId(broken.record.id)]);
    const messages = await reader().messages(whole.record.organizationId, [broken.record.id, whole.record.id]);
    expect(messages.get(broken.record.id)).toBeInstanceOf(Error);
    expect(messages.get(whole.record.id)).toMatchObject({ parts: [{ kind: 'text' }] });
  });

  test('D5 after their time nothing is left: no words, no keys, and rows that say EXPIRED', async () => {
    const { record, events } = await live();
    const keys = keysOf();
    const claim = claimFor(record);
    await keys.claim(claim, { ...record, contentState: 'NOT_STORED', contentExpiresAt: null });
    const [soon, later] = [new Date(Date.now() + 60_000), inAnHour()];
    const payload = { value: { prompt: [], message: null }, until: later };
    await contents().insert([endedOf(record, events, { events: { value: events, until: soon }, payload, keyUntil: soon })]);
    const purge = createExpiredPurge({ unitOfWork: work, markExpired: markContentExpired });
    const state = () => one('SELECT content_state FROM inference WHERE id = $1', uuidFromId(record.id));
    const kinds = async () =>
      (await one('SELECT array_agg(kind) AS kinds FROM completion_content WHERE completion_id = $1', uuidFromId(record.id)))?.['kinds'];
    await purge.contents(new Date(soon.getTime() + 1));
    expect([await kinds(), await state()]).toEqual([['PAYLOAD'], { content_state: 'AVAILABLE' }]);
    await purge.contents(new Date(later.getTime() + HOUR_MS));
    await purge.keys(new Date(later.getTime() + HOUR_MS));
    expect([await kinds(), await state()]).toEqual([null, { content_state: 'EXPIRED' }]);
    expect(await one('SELECT count(*)::int AS count FROM completion_content')).toEqual({ count: 0 });
    expect(await one('SELECT count(*)::int AS count FROM idempotency_key WHERE ended_at IS NOT NULL AND expires_at < $1', later)).toEqual({
      count: 0,
    });
  });
});
