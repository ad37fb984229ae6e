import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CompletionEvent, CompletionEventBody } from '../../src/core/events.js';
import { newId } from '../../src/core/ids.js';
import { MAX_JOINED_CHARACTERS, wordsOf } from '../../src/inference/deltas.js';
import type { DeltaBody } from '../../src/inference/deltas.js';
import { createEventLog, readEnded } from '../../src/inference/event-log.js';
import type { EventLog } from '../../src/inference/event-log.js';
import { createManualClock } from '../kit/manual-clock.js';
import { collect, createStage } from './kit.js';

const newLog = () => createEventLog({ completionId: newId('completion'), clock: createManualClock() });
const text = (words: string): DeltaBody => ({ type: 'text', text: words });
const thought = (words: string): DeltaBody => ({ type: 'reasoning', text: words });
const call = (index: number, argumentsDelta: string, name: string | null = null): DeltaBody => ({
  ...{ type: 'toolCall', index, argumentsDelta, name },
  id: name && `id-${name}`,
});

async function terminal(): Promise<CompletionEventBody> {
  const { completions, request } = createStage();
  return { type: 'finished', completion: (await completions.start(request())).state };
}

const END = await terminal();

function filled(...bodies: readonly CompletionEventBody[]): EventLog {
  const log = newLog();
  for (const body of bodies) log.append(body);
  return log;
}

const firstOf = ({ firstSequence, sequence }: CompletionEvent) => firstSequence ?? sequence;
const isBehind = () => true;
const shape = (events: readonly CompletionEvent[]) =>
  events.map((event) => [firstOf(event), event.sequence, 'text' in event ? event.text : event.type]);

describe('a reader that is behind', () => {
  test('gets neighbours of one kind as one event, with the numbers of the first and the last', async () => {
    const log = filled(text('a'), text('b'), thought('c'), thought('d'), text('e'), text('f'), text('g'), END);
    expect(shape(await collect(log.read({ after: -1, isBehind })))).toEqual([
      [0, 1, 'ab'],
      [2, 3, 'cd'],
      [4, 6, 'efg'],
      [7, 7, 'finished'],
    ]);
  });

  test('gets the calls of tools each by itself, with id and name in the first delta only', async () => {
    const log = filled(call(0, '', 'zero'), call(0, '{}'), call(1, '[', 'one'), call(1, ']'), call(0, ' '), END);
    expect(await collect(log.read({ after: -1, isBehind }))).toMatchObject([
      { index: 0, id: 'id-zero', name: 'zero', argumentsDelta: '{}', sequence: 1 },
      { index: 1, id: 'id-one', name: 'one', argumentsDelta: '[]', sequence: 3 },
      { index: 0, id: null, name: null, argumentsDelta: ' ', sequence: 4 },
      { type: 'finished' },
    ]);
  });

  test('goes on behind a joined event, or anywhere inside one', async () => {
    const log = filled(text('a'), text('b'), text('c'), text('d'), END);
    expect(shape(await collect(log.read({ after: 1, isBehind })))).toEqual([
      [2, 3, 'cd'],
      [4, 4, 'finished'],
    ]);
    expect(shape(await collect(readEnded(log.events, { after: 2, isBehind })))).toEqual([
      [3, 3, 'd'],
      [4, 4, 'finished'],
    ]);
  });

  test('gets no event larger than 16 Ki characters, but where one was', async () => {
    const half = 'x'.repeat(MAX_JOINED_CHARACTERS / 2);
    const huge = 'y'.repeat(3 * MAX_JOINED_CHARACTERS);
    const log = filled(text(half), text(half), text('z'), text(huge), text('a'), END);
    const sizes = (await collect(log.read({ after: -1, isBehind }))).map((event) => ('text' in event ? event.text.length : 0));
    expect(sizes).toEqual([MAX_JOINED_CHARACTERS, 1, huge.length, 1, 0]);
  });

  test('has them joined until it has caught up, and then one by one again', async () => {
    const log = filled(text('a'), text('b'), thought('c'), text('d'), text('e'));
    let behind = true;
    const reader = log.read({ after: -1, isBehind: () => behind });
    const next = async () => {
      const { value } = await reader.next();
      return value && shape([value])[0];
    };
    expect(await next()).toEqual([0, 1, 'ab']);
    behind = false;
    expect([await next(), await next()]).toEqual([
      [2, 2, 'c'],
      [3, 4, 'de'],
    ]);
    const pending = next();
    log.append(text('f'));
    log.append(text('g'));
    log.append(text('h'));
    expect([await pending, await next(), await next()]).toEqual([
      [5, 5, 'f'],
      [6, 6, 'g'],
      [7, 7, 'h'],
    ]);
  });
});

test('a reader that is not behind gets what is replayed as it was', async () => {
  const log = filled(text('a'), text('b'), call(0, '{'), call(0, '}'), END);
  const replayed = await collect(log.read({ after: -1 }));
  expect(replayed).toEqual(log.events);
  expect(await collect(log.read({ after: -1, isBehind: () => false }))).toEqual(replayed);
});

/** Neighbours of one kind as one piece. */
function told(events: readonly CompletionEvent[]): readonly [string, string][] {
  const runs: [string, string][] = [];
  for (const event of events) {
    const kind = event.type === 'toolCall' ? `call ${event.index}` : event.type;
    const words = event.type === 'text' || event.type === 'reasoning' || event.type === 'toolCall' ? wordsOf(event) : '';
    const last = runs.at(-1);
    if (last?.[0] === kind) last[1] += words;
    else runs.push([kind, words]);
  }
  return runs;
}

/** Reads at its own pace, drops its connection, and resumes after the last event it has. */
function createResumingReader(log: EventLog) {
  const got: CompletionEvent[] = [];
  let behind = false;
  let reader = log.read({ after: -1, isBehind: () => behind });
  let pending: Promise<unknown> | null = null;
  const pull = () => {
    // As a connection does: the next event is asked for when this one has been taken.
    pending ??= reader.next().then(({ value }) => {
      pending = null;
      if (value) got.push(value);
    });
    return pending;
  };
  return {
    got,
    pull,
    pace: (slow: boolean) => {
      behind = slow;
    },
    resume: async () => {
      await reader.return?.();
      await pending;
      reader = log.read({ after: got.at(-1)?.sequence ?? -1, isBehind: () => behind });
    },
    readToEnd: async () => {
      while (got.at(-1)?.type !== 'finished') await pull();
    },
  };
}

test('whatever is written, and however readers dawdle and come back: each gets every word once and in order, and can tell so', async () => {
  const body = fc.oneof(
    fc.constantFrom(text, thought).chain((make) => fc.string({ maxLength: 4 }).map(make)),
    fc.tuple(fc.nat(1), fc.string({ maxLength: 4 })).map(([index, words]) => call(index, words)),
  );
  const reader = fc.nat(2);
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), body }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('pull' as const), reader }) },
    fc.record({ kind: fc.constant('pace' as const), reader, slow: fc.boolean() }),
    fc.record({ kind: fc.constant('resume' as const), reader }),
    fc.record({ kind: fc.constant('yield' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const log = newLog();
      const readers = [createResumingReader(log), createResumingReader(log), createResumingReader(log)];
      for (const one of steps) {
        if (one.kind === 'write') log.append(one.body);
        if (one.kind === 'pull') void readers[one.reader]!.pull();
        if (one.kind === 'pace') readers[one.reader]!.pace(one.slow);
        if (one.kind === 'resume') await readers[one.reader]!.resume();
        if (one.kind === 'yield') await Promise.resolve();
      }
      log.append(END);
      for (const { got, readToEnd } of readers) {
        await readToEnd();
        expect(told(got)).toEqual(told(log.events));
        expect(got.map(firstOf)).toEqual([0, ...got.slice(0, -1).map(({ sequence }) => sequence + 1)]);
      }
    }),
  );
});
