import { describe, expect, test } from '@jest/globals';
import { followOthers } from '../../../src/accounting/reports/settled-elsewhere.js';
import { createSettledFeed } from '../../../src/accounting/reports/settled-feed.js';
import { GatewayError } from '../../../src/core/errors.js';
import { newId } from '../../../src/core/ids.js';
import type { InferenceRecord } from '../../../src/core/inference.js';
import { createNoticeBoard, NOTICE_CHANNELS } from '../../../src/storage/notices.js';
import { collectingLogger } from '../../kit/logger.js';
import { createManualClock } from '../../kit/manual-clock.js';
import { ORGANIZATION, sampleRecord } from '../records.js';

const OWN = 'this replica';

/** A replica whose books others fill. */
function stage() {
  const clock = createManualClock();
  const [feed, notices, logger] = [createSettledFeed(), createNoticeBoard(), collectingLogger()];
  const rows: InferenceRecord[] = [];
  const state = { away: false, reads: 0 };
  const read = <T>(answer: () => T): Promise<T> => {
    state.reads += 1;
    return state.away ? Promise.reject(new Error('away')) : Promise.resolve(answer());
  };
  const books = {
    findMany: (organizationId: string, ids: readonly string[]) =>
      read(() => new Map(rows.filter((row) => row.organizationId === organizationId && ids.includes(row.id)).map((row) => [row.id, row]))),
  };
  const listing = { inferences: (_: unknown, __: unknown, { limit }: { limit: number }) => read(() => rows.toReversed().slice(0, limit)) };
  followOthers({ feed, books, listing, notices, replicaId: OWN, clock, logger });
  const booked = (fields: Partial<InferenceRecord> = {}): InferenceRecord => {
    const record = { ...sampleRecord(), id: newId('completion'), endedAt: clock.now(), ...fields };
    rows.push(record);
    return record;
  };
  const tell = (records: readonly InferenceRecord[], by = 'another') =>
    notices.hear(NOTICE_CHANNELS.settled, JSON.stringify({ by, ids: records.map(({ id }) => id) }));
  const subscribe = (organizationId = ORGANIZATION) => {
    const seen: unknown[] = [];
    const reader = feed.read(organizationId, () => true);
    const pump = (): void => {
      void reader.next().then(
        ({ value, done }) => {
          if (done) return;
          seen.push(value.id);
          pump();
        },
        (error: unknown) => void seen.push(error instanceof GatewayError ? error.code : error),
      );
    };
    pump();
    return seen;
  };
  return { clock, feed, notices, logger, state, rows, booked, tell, subscribe };
}

describe('what another replica books', () => {
  test('reaches the subscribers of its organization, notices that come together in one read', async () => {
    const { clock, state, booked, tell, subscribe } = stage();
    const [seen, others] = [subscribe(), subscribe(newId('organization'))];
    const records = [booked(), booked(), booked()];
    for (const record of records) tell([record]);
    await clock.advance(50);
    expect([seen, others, state.reads]).toEqual([records.map(({ id }) => id), [], 2]);
  });

  test('costs nothing where nobody subscribes, and what this one booked itself is no news', async () => {
    const { clock, state, booked, tell, subscribe, notices } = stage();
    tell([booked()]);
    notices.missed(clock.now());
    await clock.advance(10_000);
    const seen = subscribe();
    tell([booked()], OWN);
    await clock.advance(10_000);
    expect([seen, state.reads, clock.waiting]).toEqual([[], 0, 0]);
  });

  test('is read again until it can be', async () => {
    const { clock, state, booked, tell, subscribe, logger } = stage();
    const seen = subscribe();
    const record = booked();
    state.away = true;
    tell([record]);
    await clock.advance(2_500);
    expect(seen).toEqual([]);
    state.away = false;
    await clock.advance(1_000);
    expect(seen).toEqual([record.id]);
    expect(logger.messages('warn').length).toBeGreaterThan(0);
  });

  test('is told as lost where it is too much to hold', async () => {
    const { clock, tell, subscribe } = stage();
    const seen = subscribe();
    for (let round = 0; round < 11; round += 1) tell(Array.from({ length: 1_000 }, () => ({ ...sampleRecord(), id: newId('completion') })));
    await clock.advance(50);
    expect(seen).toEqual(['EVENTS_EXPIRED']);
  });

  test.each(['', 'nonsense', '[]', '{"by":"x"}', '{"ids":[1,"no id",null]}'])('a notice that says %p is passed over', async (payload) => {
    const { clock, notices, subscribe, state } = stage();
    subscribe();
    notices.hear(NOTICE_CHANNELS.settled, payload);
    await clock.advance(1_000);
    expect([state.reads, clock.waiting]).toEqual([0, 0]);
  });
});

describe('after a gap', () => {
  test('what has ended since is told from the ledger, oldest first, and nothing twice', async () => {
    const { clock, feed, booked, subscribe, notices } = stage();
    const seen = subscribe();
    booked();
    await clock.advance(60_000);
    const heard = booked();
    feed.publish([heard]);
    const lastHeardAt = clock.now();
    const missed = [booked(), booked()];
    booked({ status: 'RUNNING', endedAt: null });
    notices.missed(lastHeardAt);
    await clock.advance(50);
    expect(seen).toEqual([heard, ...missed].map(({ id }) => id));
  });

  test('that is too long, subscribers are told so', async () => {
    const { clock, booked, subscribe, notices } = stage();
    const seen = subscribe();
    for (let index = 0; index < 1_000; index += 1) booked();
    notices.missed(clock.now());
    await clock.advance(50);
    expect(seen).toEqual(['EVENTS_EXPIRED']);
  });
});
