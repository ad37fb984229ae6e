import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTestDatabase } from '../kit/database.js';

const BATCHES = 5;
const STREAMS = 200;
/** A key is remembered for a day, in a memory that has a bound of its own; a completion that leaked would weigh several times as much. */
const BYTES_PER_STREAM = 4_096;

test('D9 the heap stays flat over a thousand aborted streams', async () => {
  const database = await createTestDatabase();
  try {
    const child = join(import.meta.dirname, '../kit/slope-child.ts');
    const argv = ['--expose-gc', '--import', 'tsx', child, database.url, String(BATCHES), String(STREAMS)];
    const { stdout } = await promisify(execFile)(process.execPath, argv);
    const { heaps } = JSON.parse(stdout) as { heaps: number[] };
    expect(heaps).toHaveLength(BATCHES);
    // The first batch warms up: compiled code, pools, prepared statements.
    const grown = heaps.at(-1)! - heaps[1]!;
    expect(grown / (STREAMS * (BATCHES - 2))).toBeLessThan(BYTES_PER_STREAM);
  } finally {
    await database.drop();
  }
}, 180_000);
