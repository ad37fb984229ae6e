import { describe, expect, test } from '@jest/globals';
import type { Session } from '../../src/http/websocket/session.js';
import { createSessions } from '../../src/http/websocket/sessions.js';
import type { Sessions } from '../../src/http/websocket/sessions.js';
import { createManualClock } from '../kit/manual-clock.js';
import type { ManualClock } from '../kit/manual-clock.js';

const GRACE_MS = 30_000;

interface FakeSession extends Session {
  running: number;
  /** When it was closed, and how often. */
  readonly closings: number[];
}

interface Stage {
  readonly clock: ManualClock;
  readonly sessions: Sessions;
  readonly open: readonly FakeSession[];
}

function fakeSession(running: number, clock: ManualClock): FakeSession {
  const closings: number[] = [];
  return {
    principal: null,
    running,
    closings,
    begin: () => null,
    of: () => undefined,
    end: () => undefined,
    leave: () => undefined,
    isBehind: () => false,
    leaveAll: () => undefined,
    close: ({ code, reason }) => {
      expect([code, reason]).toEqual([1001, 'shutdown']);
      closings.push(clock.monotonicMs());
    },
  };
}

/** So many sockets; each hundredth of a window is drawn in turn. */
function stage(count: number, running = 0): Stage {
  const clock = createManualClock();
  let draws = 0;
  const sessions = createSessions({
    clock,
    random: () => (draws++ % 100) / 100,
    keyHolders: { add: () => () => undefined, close: () => undefined },
  });
  const open = Array.from({ length: count }, () => fakeSession(running, clock));
  for (const session of open) sessions.opened(session);
  return { clock, sessions, open };
}

/** How many were closed in each tenth of a window. */
function tenths(open: readonly FakeSession[], { fromMs = 0, windowMs }: { fromMs?: number; windowMs: number }): readonly number[] {
  const counts = Array.from({ length: 10 }, () => 0);
  for (const { closings } of open) {
    expect(closings).toHaveLength(1);
    const tenth = Math.floor(((closings[0] ?? -1) - fromMs) / (windowMs / 10));
    counts[tenth] = (counts[tenth] ?? 0) + 1;
  }
  return counts;
}

const evenly = (each: number) => Array.from({ length: 10 }, () => each);

describe('G7 at a stop the ends of sockets are spread', () => {
  test.each([
    { count: 200, graceMs: GRACE_MS, windowMs: 1_000 },
    { count: 2_000, graceMs: GRACE_MS, windowMs: 5_000 },
    { count: 200, graceMs: 100, windowMs: 100 },
  ])('$count idle ones with a grace of $graceMs ms over $windowMs ms', async ({ count, graceMs, windowMs }) => {
    const { clock, sessions, open } = stage(count);
    sessions.drain(graceMs);
    const left = sessions.leave();
    await clock.advance(windowMs);
    await left;
    expect(tenths(open, { windowMs })).toEqual(evenly(count / 10));
  });

  test('those whose last operations end at one moment, too, and none before its operation has ended', async () => {
    const { clock, sessions, open } = stage(200, 1);
    sessions.drain(GRACE_MS);
    await clock.advance(7_000);
    expect(open.flatMap(({ closings }) => closings)).toEqual([]);
    for (const session of open) {
      session.running = 0;
      sessions.becameIdle(session);
    }
    const left = sessions.leave();
    await clock.advance(1_000);
    await left;
    expect(tenths(open, { fromMs: 7_000, windowMs: 1_000 })).toEqual(evenly(20));
  });

  test('those on which something runs for ever, too, once the rest is done', async () => {
    const { clock, sessions, open } = stage(200, 1);
    sessions.drain(GRACE_MS);
    await clock.advance(20_000);
    const left = sessions.leave();
    await clock.advance(1_000);
    await left;
    expect(tenths(open, { fromMs: 20_000, windowMs: 1_000 })).toEqual(evenly(20));
  });

  test('nobody waits for a socket that has gone, or that was told', async () => {
    const { clock, sessions, open } = stage(3);
    const [told, gone, last] = open;
    sessions.drain(GRACE_MS);
    await clock.advance(0);
    expect(told?.closings).toHaveLength(1);
    for (const session of [gone, last]) if (session) sessions.closed(session);
    await sessions.leave();
    await clock.advance(GRACE_MS);
    expect(open.map(({ closings }) => closings.length)).toEqual([1, 0, 0]);
  });
});
