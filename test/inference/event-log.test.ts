import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CompletionEvent, CompletionEventBody } from '../../src/core/events.js';
import { newId } from '../../src/core/ids.js';
import { ReaderGone } from '../../src/core/reader.js';
import type { LeaveReason } from '../../src/core/reader.js';
import { createEventLog } from '../../src/inference/event-log.js';
import type { EventLog } from '../../src/inference/event-log.js';
import { createManualClock } from '../kit/manual-clock.js';
import { createStage } from './kit.js';

function createWatchedLog() {
  const watched = { present: 0, joined: 0, why: null as LeaveReason | null };
  const log = createEventLog({
    completionId: newId('completion'),
    clock: createManualClock(),
    onReader: () => {
      watched.present += 1;
      watched.joined += 1;
      return (why) => {
        watched.present -= 1;
        watched.why = why;
      };
    },
  });
  return { log, watched };
}

const text = (words: string): CompletionEventBody => ({ type: 'text', text: words });

async function terminal(): Promise<CompletionEventBody> {
  const { completions, request } = createStage();
  const { state } = await completions.start(request());
  return { type: 'finished', completion: state };
}

const sequences = (events: readonly CompletionEvent[]) => events.map(({ sequence }) => sequence);

async function readAll(log: EventLog, after = -1): Promise<CompletionEvent[]> {
  const events: CompletionEvent[] = [];
  for await (const event of log.read({ after })) events.push(event);
  return events;
}

describe('a log', () => {
  test('numbers events from 0, and ends with the terminal one: what comes after is dropped', async () => {
    const { log } = createWatchedLog();
    log.append(text('a'));
    log.append(await terminal());
    log.append(text('late'));
    log.append(await terminal());
    expect(log.length).toBe(2);
    expect(log.ended).toBe(true);
    expect(sequences(await readAll(log))).toEqual([0, 1]);
  });

  test('replays after a position, then follows live', async () => {
    const { log } = createWatchedLog();
    for (const words of ['a', 'b', 'c']) log.append(text(words));
    const all = readAll(log, 0);
    log.append(text('d'));
    log.append(await terminal());
    expect(sequences(await all)).toEqual([1, 2, 3, 4]);
  });

  test('counts its memory by the length of the words', () => {
    const { log } = createWatchedLog();
    log.append(text('a'));
    const { bytes } = log;
    log.append(text('b'.repeat(10_000)));
    expect(log.bytes - bytes).toBeGreaterThanOrEqual(20_000);
  });
});

describe('a reader', () => {
  test('G1 return() settles at once, and with it every pending next()', async () => {
    const { log, watched } = createWatchedLog();
    const reader = log.read({ after: -1 });
    const pending = [reader.next(), reader.next()];
    expect(watched.present).toBe(1);
    const returned = reader.return?.();
    expect(watched.present).toBe(0);
    expect(await returned).toEqual({ done: true, value: undefined });
    for (const step of await Promise.all(pending)) expect(step.done).toBe(true);
    log.append(text('nobody hears this'));
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  test('G1 throw() leaves too', async () => {
    const { log, watched } = createWatchedLog();
    const reader = log.read({ after: -1 });
    void reader.next();
    await expect(reader.throw?.(new Error('gone'))).rejects.toThrow('gone');
    expect(watched.present).toBe(0);
  });

  test('G2 joins at its first next(), not before, and leaves once', async () => {
    const { log, watched } = createWatchedLog();
    const never = log.read({ after: -1 });
    expect(watched.joined).toBe(0);
    await never.return?.();
    expect(watched).toMatchObject({ joined: 0, present: 0 });
    const reader = log.read({ after: -1 });
    void reader.next();
    void reader.next();
    await reader.return?.();
    await reader.return?.();
    expect(watched).toMatchObject({ joined: 1, present: 0 });
  });

  test('G1 leaves as its signal aborts, without being told to return', async () => {
    const { log, watched } = createWatchedLog();
    const gone = new AbortController();
    const reader = log.read({ after: -1, reader: gone.signal });
    const pending = reader.next();
    gone.abort(new ReaderGone('slow'));
    expect(watched).toMatchObject({ present: 0, why: 'slow' });
    expect((await pending).done).toBe(true);
    const late = log.read({ after: -1, reader: gone.signal });
    expect((await late.next()).done).toBe(true);
    expect(watched.present).toBe(0);
  });

  test('leaves with the terminal event', async () => {
    const { log, watched } = createWatchedLog();
    const all = readAll(log);
    expect(watched.present).toBe(1);
    log.append(await terminal());
    await all;
    expect(watched.present).toBe(0);
  });

  test('several pending next() are answered in order', async () => {
    const { log } = createWatchedLog();
    const reader = log.read({ after: -1 });
    const steps = [reader.next(), reader.next(), reader.next()];
    log.append(text('a'));
    log.append(text('b'));
    log.append(await terminal());
    expect((await Promise.all(steps)).map((step) => (step.done === true ? null : step.value.sequence))).toEqual([0, 1, 2]);
  });

  test('with any interleaving of writer and readers, each gets every event once and in order', async () => {
    const end = await terminal();
    const step = fc.oneof(
      fc.record({ kind: fc.constant('write' as const) }),
      fc.record({ kind: fc.constant('pull' as const), reader: fc.nat(3) }),
      fc.record({ kind: fc.constant('yield' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.array(fc.integer({ min: -1, max: 5 }), { minLength: 4, maxLength: 4 }),
        async (steps, positions) => {
          const { log, watched } = createWatchedLog();
          const readers = positions.map((after) => ({
            iterator: log.read({ after }),
            steps: [] as Promise<IteratorResult<CompletionEvent>>[],
            after,
          }));
          for (const { kind, ...rest } of steps) {
            if (kind === 'write') log.append(text('x'));
            else if (kind === 'yield') await Promise.resolve();
            else if ('reader' in rest) readers[rest.reader]!.steps.push(readers[rest.reader]!.iterator.next());
          }
          log.append(end);
          for (const reader of readers) {
            while (reader.steps.length <= log.length) reader.steps.push(reader.iterator.next());
            const values = (await Promise.all(reader.steps)).flatMap((result) => (result.done ? [] : result.value.sequence));
            const expected = Array.from({ length: log.length }, (_, index) => index).filter((sequence) => sequence > reader.after);
            expect(values).toEqual(expected);
          }
          expect(watched.present).toBe(0);
        },
      ),
    );
  });
});
