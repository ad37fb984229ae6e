import { expect, test } from '@jest/globals';
import { createTestDatabase } from '../kit/database.js';
import { heapsOfAbortedStreams, slopeOf } from '../kit/slope.js';

const BATCHES = 6;
const STREAMS = 150;
/** The first ones warm up: pools, prepared statements, caches. */
const WARM_UP = 2;
/** A completion that leaked would weigh ten times as much; `npm run bench -- --slope` has the resolution that a short run lacks. */
const BYTES_PER_STREAM = 1_024;

test('a line’s slope is found', () => {
  expect(slopeOf([10, 20, 30, 40], 5)).toBe(2);
  expect(slopeOf([7, 7, 7], 5)).toBe(0);
});

test('D9 the heap stays flat over hundreds of aborted streams', async () => {
  const database = await createTestDatabase();
  try {
    const heaps = await heapsOfAbortedStreams({ databaseUrl: database.url, batches: BATCHES, streams: STREAMS });
    expect(slopeOf(heaps.slice(WARM_UP), STREAMS)).toBeLessThan(BYTES_PER_STREAM);
  } finally {
    await database.drop();
  }
}, 180_000);
