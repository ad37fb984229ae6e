import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CompletionEvent } from '../../src/core/events.js';
import { ReaderGone } from '../../src/core/reader.js';
import { settled } from '../kit/manual-clock.js';
import { collect, createStage, failure, input, STAYS, typesOf, usage } from './kit.js';

describe('who ends a call', () => {
  test('S25 a caller who leaves `complete` while the upstream is silent aborts it at once', async () => {
    const { completions, caller, ledger, clock, request } = createStage();
    const reader = new AbortController();
    const running = completions.complete(request(), reader.signal);
    expect(caller.calls[0]!.aborted).toBe(false);
    reader.abort();
    expect(caller.calls[0]!.aborted).toBe(true);
    const { state, error } = await running;
    expect(error?.code).toBe('CANCELLED');
    expect(state.record).toMatchObject({ status: 'CANCELLED', finishReason: 'CANCELLED' });
    expect(ledger.rows).toHaveLength(1);
    expect(clock.waiting).toBe(0);
  });

  test('S24 G1 the last reader of a stream without a key leaves with a pending next(): the upstream is aborted in the same tick', async () => {
    const { completions, caller, ledger, request, owner } = createStage();
    const { state } = await completions.start(request({ input: input({ onDisconnect: 'CANCEL' }) }));
    const events = await completions.read(owner, state.record.id, { after: 0 });
    const pending = events.next();
    const left = events.return?.();
    expect(caller.calls[0]!.aborted).toBe(true);
    expect(await left).toEqual({ done: true, value: undefined });
    expect(await pending).toEqual({ done: true, value: undefined });
    await settled();
    expect(ledger.rows).toMatchObject([{ status: 'CANCELLED' }]);
  });

  test('S26 cancelled after six chunks: one row, with tokens and their cost', async () => {
    const { completions, caller, ledger, request, owner } = createStage();
    const { state } = await completions.start(request());
    for (let chunk = 0; chunk < 6; chunk += 1) caller.calls[0]!.say({ type: 'text', text: `word ${chunk} ` });
    const ended = await completions.cancel(owner, state.record.id);
    expect(ended?.record).toMatchObject({ status: 'CANCELLED', usage: { source: 'ESTIMATED' }, error: { code: 'CANCELLED' } });
    expect(ended?.record.usage?.output).toBeGreaterThan(0);
    expect(ended?.record.usage?.input).toBeGreaterThan(0);
    expect(ended?.record.cost?.total).toBeGreaterThan(0n);
    expect(ended?.message?.parts).toMatchObject([{ text: 'word 0 word 1 word 2 word 3 word 4 word 5 ' }]);
    expect(ledger.rows).toHaveLength(1);
    expect(await completions.cancel(owner, state.record.id)).toEqual(ended);
    expect(ledger.rows).toHaveLength(1);
  });

  test('cancelled, but the provider had reported: its report stands', async () => {
    const { completions, caller, request, owner } = createStage();
    const { state } = await completions.start(request());
    caller.calls[0]!.say({ type: 'usage', usage: usage(11, 3) });
    const ended = await completions.cancel(owner, state.record.id);
    expect(ended?.record.usage).toMatchObject({ input: 11, output: 3, source: 'REPORTED' });
  });

  test.each([
    ['unset, no key: at once', undefined, null, 0],
    ['unset, with a key: after 30 s', undefined, 'key', 30_000],
    ['CANCEL with a key: at once', 'CANCEL', 'key', 0],
    ['CONTINUE: never', 'CONTINUE', null, null],
  ] as const)('onDisconnect %s', async (_, onDisconnect, idempotencyKey, afterMs) => {
    const { completions, caller, clock, request } = createStage();
    const reader = new AbortController();
    void completions.complete(request({ idempotencyKey, input: input(onDisconnect ? { onDisconnect } : {}) }), reader.signal);
    await settled();
    reader.abort();
    if (afterMs === null) {
      await clock.advance(300_000);
      expect(caller.calls[0]!.aborted).toBe(false);
      return;
    }
    if (afterMs > 0) {
      await clock.advance(afterMs - 1);
      expect(caller.calls[0]!.aborted).toBe(false);
      await clock.advance(1);
    }
    expect(caller.calls[0]!.aborted).toBe(true);
  });

  test('a reader that comes back within the grace keeps the call alive', async () => {
    const { completions, caller, clock, request } = createStage();
    const stream = () => completions.stream({ ...request(), idempotencyKey: 'k', after: -1 });
    const first = await stream();
    await first.next();
    await first.return?.();
    await clock.advance(29_000);
    const second = await stream();
    await second.next();
    await clock.advance(60_000);
    expect(caller.calls).toHaveLength(1);
    expect(caller.calls[0]!.aborted).toBe(false);
    await second.return?.();
    await clock.advance(30_000);
    expect(caller.calls[0]!.aborted).toBe(true);
  });

  test('what startCompletion began goes on when a reader has come and gone', async () => {
    const { completions, caller, clock, request, owner } = createStage();
    const { state } = await completions.start(request());
    const events = await completions.read(owner, state.record.id, { after: -1 });
    await events.next();
    await events.return?.();
    await clock.advance(100_000);
    expect(caller.calls[0]!.aborted).toBe(false);
  });

  test.each(['slow', 'shutdown', 'revoked'] as const)('a reader whom we sent away (%s) does not count as leaving', async (why) => {
    const { completions, caller, clock, request } = createStage();
    const [unary, streamed] = [new AbortController(), new AbortController()];
    void completions.complete(request({ input: input({ onDisconnect: 'CANCEL' }) }), unary.signal);
    const stream = { ...request({ input: input({ onDisconnect: 'CANCEL' }) }), idempotencyKey: 'k', after: -1, reader: streamed.signal };
    await (await completions.stream(stream)).next();
    unary.abort(new ReaderGone(why));
    streamed.abort(new ReaderGone(why));
    await clock.advance(100_000);
    expect(caller.calls.map(({ aborted }) => aborted)).toEqual([false, false]);
  });

  test('S24 a stream’s reader who left by its signal aborts the upstream in the same tick', async () => {
    const { completions, caller, request } = createStage();
    const reader = new AbortController();
    const stream = { ...request({ input: input({ onDisconnect: 'CANCEL' }) }), idempotencyKey: 'k', after: -1, reader: reader.signal };
    const events = await completions.stream(stream);
    await events.next();
    const pending = events.next();
    reader.abort(new ReaderGone('left'));
    expect(caller.calls[0]!.aborted).toBe(true);
    expect((await pending).done).toBe(true);
  });

  test('the total time of a call ends it: DEADLINE_EXCEEDED, retryable, settled', async () => {
    const { completions, caller, clock, ledger, request } = createStage();
    const running = completions.complete(request({ input: input({ timeoutMs: 5_000 }) }), STAYS);
    await clock.advance(4_999);
    expect(caller.calls[0]!.aborted).toBe(false);
    await clock.advance(1);
    const { error, state } = await running;
    expect(error?.code).toBe('DEADLINE_EXCEEDED');
    expect(state.record).toMatchObject({ status: 'FAILED', finishReason: null, timing: { totalMs: 5_000 } });
    expect(ledger.rows).toHaveLength(1);
  });

  test('an answer without end is ended, as the provider’s failure', async () => {
    const { completions, caller, request, owner } = createStage();
    const { state } = await completions.start(request());
    const piece = 'x'.repeat(4 * 1024 * 1024);
    for (let size = 0; size < 9 && !caller.calls[0]!.aborted; size += 1) caller.calls[0]!.say({ type: 'text', text: piece });
    expect(caller.calls[0]!.aborted).toBe(true);
    await settled();
    expect((await completions.find(owner, state.record.id))?.record).toMatchObject({
      ...{ status: 'FAILED', finishReason: 'INCOMPLETE', error: { code: 'PROVIDER_FAILED' }, usage: { source: 'ESTIMATED' } },
    });
  });

  test('without timeoutMs the total is 600 s', async () => {
    const { completions, caller, clock, request } = createStage();
    void completions.complete(request(), STAYS);
    await clock.advance(599_999);
    expect(caller.calls[0]!.aborted).toBe(false);
    await clock.advance(1);
    expect(caller.calls[0]!.aborted).toBe(true);
  });

  test('a cancel during the pause before a retry ends the call there', async () => {
    const { completions, caller, clock, request, owner } = createStage();
    const { state } = await completions.start(request());
    caller.calls[0]!.fail(failure('SERVER_ERROR'));
    await clock.advance(100);
    const ended = await completions.cancel(owner, state.record.id);
    expect(ended?.record).toMatchObject({ status: 'CANCELLED', attempts: [{ status: 'FAILED' }] });
    await clock.advance(10_000);
    expect(caller.calls).toHaveLength(1);
  });
});

describe('shutdown', () => {
  test('no new work; what runs may end within the grace', async () => {
    const { completions, caller, clock, request, owner } = createStage();
    const { state } = await completions.start(request({ idempotencyKey: 'k' }));
    const stopping = completions.shutdown(30_000);
    await expect(completions.complete(request(), STAYS)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect((await completions.start(request({ idempotencyKey: 'k' }))).state.record.id).toBe(state.record.id);
    await clock.advance(1_000);
    caller.calls[0]!.answer('made it');
    await stopping;
    expect((await completions.find(owner, state.record.id))?.record.status).toBe('SUCCEEDED');
    await clock.advance(25);
    expect(clock.waiting).toBe(0);
  });

  test('past the grace a call is INTERRUPTED, told to its readers, and settled', async () => {
    const { completions, caller, clock, ledger, request, owner } = createStage();
    const { state } = await completions.start(request());
    const events = collect(await completions.read(owner, state.record.id, { after: -1 }));
    caller.calls[0]!.say({ type: 'text', text: 'unfinished' });
    const stopping = completions.shutdown(5_000);
    await clock.advance(5_000);
    await stopping;
    expect((await events).at(-1)).toMatchObject({ type: 'failed', error: { code: 'INTERRUPTED' } });
    expect(ledger.rows).toMatchObject([{ status: 'FAILED', finishReason: 'INCOMPLETE', usage: { source: 'ESTIMATED' } }]);
    expect(completions.running).toBe(0);
  });

  test('with nothing running it is over at once', async () => {
    const { completions, clock } = createStage();
    await completions.shutdown(30_000);
    expect(clock.waiting).toBe(0);
  });
});

type Exit = 'answer' | 'fail' | 'say' | 'cancel' | 'leave' | 'shutdown' | 'wait' | 'deadline';

test('exactly one row and one terminal event, whatever ends a completion and in whatever order', async () => {
  const exits = fc.constantFrom<Exit>('answer', 'fail', 'say', 'cancel', 'leave', 'shutdown', 'wait', 'deadline');
  await fc.assert(
    fc.asyncProperty(fc.array(exits, { minLength: 1, maxLength: 8 }), async (order) => {
      const { completions, caller, ledger, clock, request, owner } = createStage();
      const { state } = await completions.start(request({ input: input({ onDisconnect: 'CANCEL' }) }));
      const id = state.record.id;
      const leaving = await completions.read(owner, id, { after: -1 });
      await leaving.next();
      const all: CompletionEvent[] = [];
      void collect(await completions.read(owner, id, { after: -1 })).then((events) => all.push(...events));
      for (const exit of [...order, 'shutdown' as const]) {
        const upstream = caller.calls.at(-1)!;
        if (exit === 'answer') upstream.answer('done');
        if (exit === 'fail') upstream.fail(failure('SERVER_ERROR'));
        if (exit === 'say') upstream.say({ type: 'text', text: 'word' });
        if (exit === 'cancel') void completions.cancel(owner, id);
        if (exit === 'leave') void leaving.return?.();
        if (exit === 'shutdown') void completions.shutdown(0);
        if (exit === 'wait') await clock.advance(1_000);
        if (exit === 'deadline') await clock.advance(600_000);
        if (order.length % 2 === 0) await settled();
      }
      await clock.advance(10_000);
      expect(ledger.rows.map((row) => row.id)).toEqual([id]);
      expect(typesOf(all).filter((type) => type === 'finished' || type === 'failed')).toHaveLength(1);
      expect(typesOf(all).filter((type) => type === 'usage')).toHaveLength(1);
      expect(all.at(-1)).toMatchObject({ completion: { record: { usage: ledger.rows[0]!.usage, status: ledger.rows[0]!.status } } });
      expect(completions.running).toBe(0);
    }),
    { numRuns: 150 },
  );
});
