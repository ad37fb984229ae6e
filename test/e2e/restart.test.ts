import { beforeAll, expect, test } from '@jest/globals';
import { runRollingRestart } from '../chaos/rolling-restart.js';
import { build } from '../kit/process.js';

const LIMIT_MS = 240_000;
/** On each replica; `npm run chaos -- --restart` has two hundred. */
const STREAMS = 20;

beforeAll(build, LIMIT_MS);

test(
  'two replicas restarted one after the other under open streams: nothing lost, nothing doubled, each delta read exactly once',
  async () => {
    const { faults, streams, requests, rows, moved } = await runRollingRestart({ streams: STREAMS });
    expect(faults).toEqual([]);
    expect({ streams, requests, rows }).toEqual({ streams: 3 * STREAMS, requests: 3 * STREAMS, rows: 3 * STREAMS });
    expect(moved).toBeGreaterThan(0);
  },
  LIMIT_MS,
);
