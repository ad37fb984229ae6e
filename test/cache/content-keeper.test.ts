import { expect, test } from '@jest/globals';
import { createContentKeeper } from '../../src/cache/content-keeper.js';
import type { EndedContent } from '../../src/cache/contract.js';
import { newId } from '../../src/core/ids.js';
import { collectingLogger } from '../kit/logger.js';
import { createManualClock, settled } from '../kit/manual-clock.js';

const UNTIL = new Date('2027-01-01T00:00:00Z');

function content(fields: Partial<EndedContent> = {}): EndedContent {
  return {
    organizationId: newId('organization'),
    id: newId('completion'),
    events: { value: [], until: UNTIL },
    payload: null,
    keyUntil: null,
    bytes: 100,
    onStored: () => undefined,
    ...fields,
  };
}

function stage(limits = {}) {
  const clock = createManualClock();
  const batches: (readonly EndedContent[])[] = [];
  const state = { away: false, booked: true };
  let releaseBooks: () => void = () => undefined;
  const keeper = createContentKeeper({
    store: {
      insert: (batch) => {
        if (state.away) return Promise.reject(new Error('away'));
        batches.push(batch);
        return Promise.resolve();
      },
    },
    booked: () => (state.booked ? Promise.resolve() : new Promise((resolve) => (releaseBooks = resolve))),
    clock,
    logger: collectingLogger(),
    limits,
  });
  return { clock, keeper, batches, state, book: () => releaseBooks() };
}

test('gathers what ends together into one batch, and tells each when it is stored', async () => {
  const { clock, keeper, batches } = stage();
  const told: string[] = [];
  const [one, two] = ['one', 'two'].map((name) => content({ onStored: () => told.push(name) }));
  keeper.keep(one!);
  keeper.keep(two!);
  expect([...keeper.waiting]).toEqual([one!.id, two!.id]);
  await clock.advance(25);
  expect(batches.map((batch) => batch.length)).toEqual([2]);
  expect(told).toEqual(['one', 'two']);
  expect([...keeper.waiting]).toEqual([]);
  expect(clock.waiting).toBe(0);
});

test('nothing is stored before its row is in the ledger: no words without a row that can tell of them', async () => {
  const { clock, keeper, batches, state, book } = stage();
  state.booked = false;
  keeper.keep(content());
  await clock.advance(10_000);
  expect(batches).toEqual([]);
  state.booked = true;
  book();
  await settled();
  expect(batches).toHaveLength(1);
});

test('what waits can be told meanwhile, and no longer when it is stored', async () => {
  const { clock, keeper } = stage();
  const payload = { value: { prompt: [], message: null }, until: UNTIL };
  const [kept, bare] = [content({ payload }), content()];
  keeper.keep(kept);
  keeper.keep(bare);
  expect([keeper.held(kept.id), keeper.held(bare.id), keeper.held(newId('completion'))]).toEqual([payload.value, null, null]);
  await clock.advance(25);
  expect(keeper.held(kept.id)).toBeNull();
});

test('a batch that fails is tried again until it is stored', async () => {
  const { clock, keeper, batches, state } = stage();
  state.away = true;
  keeper.keep(content());
  await clock.advance(30_000);
  expect(batches).toEqual([]);
  state.away = false;
  await clock.advance(1_000);
  expect(batches.map((batch) => batch.length)).toEqual([1]);
});

test('D9 past its bytes the oldest words are given up, but never the end of a key', async () => {
  const { clock, keeper, batches, state } = stage({ maxBytes: 250 });
  state.away = true;
  const told: string[] = [];
  const keyed = content({ keyUntil: UNTIL, onStored: () => told.push('keyed') });
  const unkeyed = content({ onStored: () => told.push('unkeyed') });
  const others = Array.from({ length: 2 }, (_, index) => content({ onStored: () => told.push(`other ${index}`) }));
  for (const one of [keyed, unkeyed, ...others]) keeper.keep(one);
  state.away = false;
  await clock.advance(2_000);
  const stored = batches.flat();
  expect(stored.map(({ id }) => id)).toEqual([keyed.id, ...others.map(({ id }) => id)]);
  expect(stored[0]).toMatchObject({ events: null, keyUntil: UNTIL });
  expect(told).toEqual(['other 0', 'other 1']);
});

test('close stores what waits; with the database away it waits for its grace and no longer', async () => {
  const { clock, keeper, batches, state } = stage();
  keeper.keep(content());
  await keeper.close(1_000);
  expect(batches).toHaveLength(1);
  const other = stage();
  other.state.away = true;
  other.keeper.keep(content());
  const closing = other.keeper.close(5_000);
  await other.clock.advance(5_000);
  await closing;
  expect([...other.keeper.waiting]).toHaveLength(1);
  expect([clock.waiting, other.clock.waiting, state.away]).toEqual([0, 0, false]);
});
