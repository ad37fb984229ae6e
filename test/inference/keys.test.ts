import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createIdempotencyKeys, fingerprintOf } from '../../src/inference/idempotency.js';
import { parseCompletionInput } from '../../src/inference/input/parse.js';
import { newId } from '../../src/core/ids.js';
import { createManualClock, settled } from '../kit/manual-clock.js';
import { collect, createStage, input, principal, STAYS, textOf } from './kit.js';

const HOUR_MS = 3_600_000;

describe('equal idempotency keys', () => {
  test('fifty at once make one upstream call, and all get its outcome', async () => {
    const { completions, caller, ledger, request, shared } = createStage();
    const fifty = Array.from({ length: 50 }, () => completions.complete(request({ idempotencyKey: 'k' }), STAYS));
    await settled();
    caller.calls[0]!.answer('once');
    const outcomes = await Promise.all(fifty);
    expect(new Set(outcomes.map(({ state }) => state.record.id)).size).toBe(1);
    expect(outcomes.every(({ state }) => state.message !== null)).toBe(true);
    expect([caller.calls.length, ledger.rows.length, shared.claims]).toEqual([1, 1, 1]);
  });

  test('all three roots share keys', async () => {
    const { completions, caller, request } = createStage();
    const keyed = request({ idempotencyKey: 'k' });
    const started = await completions.start(keyed);
    const streamed = collect(await completions.stream({ ...keyed, idempotencyKey: 'k', after: -1 }));
    const completed = completions.complete(keyed, STAYS);
    caller.calls[0]!.answer('shared');
    expect((await completed).state.record.id).toBe(started.state.record.id);
    expect(textOf(await streamed)).toBe('shared');
    const again = await completions.start(keyed);
    expect(again.state.record.status).toBe('SUCCEEDED');
    expect(caller.calls).toHaveLength(1);
  });

  test('a failure stays under its key too', async () => {
    const { completions, caller, request, owner } = createStage();
    const { state } = await completions.start(request({ idempotencyKey: 'k' }));
    await completions.cancel(owner, state.record.id);
    expect((await completions.complete(request({ idempotencyKey: 'k' }), STAYS)).error?.code).toBe('CANCELLED');
    expect(caller.calls).toHaveLength(1);
  });

  test('with another input it is a mismatch, named at the key, and leaves a row of its own', async () => {
    const { completions, ledger, caller, request } = createStage();
    void completions.complete(request({ idempotencyKey: 'k' }), STAYS);
    const { error, state } = await completions.complete(request({ idempotencyKey: 'k', input: input({ temperature: 1 }) }), STAYS);
    expect(error).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH', problems: [{ path: 'idempotencyKey' }] });
    expect(ledger.rows).toMatchObject([{ id: state.record.id, status: 'BLOCKED' }]);
    expect(caller.calls).toHaveLength(1);
  });

  test('timeoutMs and onDisconnect are not part of the input', async () => {
    const { completions, caller, request } = createStage();
    void completions.complete(request({ idempotencyKey: 'k' }), STAYS);
    const { state } = await completions.start(request({ idempotencyKey: 'k', input: input({ timeoutMs: 9, onDisconnect: 'CONTINUE' }) }));
    expect(state.record.status).toBe('RUNNING');
    expect(caller.calls).toHaveLength(1);
  });

  test('of two API keys have nothing to do with each other', async () => {
    const { completions, caller, request } = createStage();
    void completions.complete(request({ idempotencyKey: 'k' }), STAYS);
    void completions.complete(request({ idempotencyKey: 'k', principal: principal() }), STAYS);
    await settled();
    expect(caller.calls).toHaveLength(2);
  });

  test('a refusal frees its key', async () => {
    const { completions, caller, request } = createStage();
    const refused = await completions.complete(request({ idempotencyKey: 'k', input: input({ model: 'nope' }) }), STAYS);
    expect(refused.error?.code).toBe('MODEL_NOT_FOUND');
    void completions.complete(request({ idempotencyKey: 'k' }), STAYS);
    await settled();
    expect(caller.calls).toHaveLength(1);
  });

  test('is kept for 24 hours from the end', async () => {
    const { completions, caller, clock, request } = createStage();
    await clock.advance(1);
    const ask = () => completions.start(request({ idempotencyKey: 'k' }));
    await ask();
    caller.calls[0]!.answer('x');
    await clock.advance(24 * HOUR_MS - 1);
    await ask();
    expect(caller.calls).toHaveLength(1);
    await clock.advance(1_000);
    await ask();
    expect(caller.calls).toHaveLength(2);
  });

  test('a stream resumes under its key, from its position', async () => {
    const { completions, caller, clock, request } = createStage();
    const keyed = { ...request(), idempotencyKey: 'k' };
    const first = await completions.stream({ ...keyed, after: -1 });
    await first.next();
    caller.calls[0]!.say({ type: 'text', text: 'one ' });
    expect((await first.next()).value).toMatchObject({ type: 'text', sequence: 1 });
    await first.return?.();
    await clock.advance(10_000);
    const second = collect(await completions.stream({ ...keyed, after: 1 }));
    await settled();
    caller.calls[0]!.answer('two');
    expect(textOf(await second)).toBe('two');
    expect((await second)[0]?.sequence).toBe(2);
    expect(await collect(await completions.stream({ ...keyed, after: 99 }))).toEqual([]);
    expect(caller.calls).toHaveLength(1);
  });
});

describe('fingerprints', () => {
  const fingerprint = (fields: Parameters<typeof input>[0]) => {
    const parsed = parseCompletionInput(input(fields));
    if (!parsed.ok) throw new Error(parsed.error.message);
    return fingerprintOf(parsed.value);
  };

  test('shorthand and parts are the same input; the order of an object’s fields does not matter', () => {
    expect(fingerprint({ messages: [{ role: 'USER', parts: [{ text: 'Hi' }] }] })).toBe(
      fingerprint({ messages: [{ role: 'USER', text: 'Hi' }] }),
    );
    expect(fingerprint({ providerOptions: { acme: { a: 1, b: 2 } } })).toBe(fingerprint({ providerOptions: { acme: { b: 2, a: 1 } } }));
  });

  test('every other field counts', () => {
    const prints = [
      fingerprint({}),
      fingerprint({ model: 'other' }),
      fingerprint({ temperature: 0 }),
      fingerprint({ seed: 1 }),
      fingerprint({ user: 'u' }),
      fingerprint({ tags: [{ key: 'k', value: 'v' }] }),
      fingerprint({ stop: ['x'] }),
      fingerprint({ messages: [{ role: 'SYSTEM', text: 'Hello' }] }),
    ];
    expect(new Set(prints).size).toBe(prints.length);
  });

  test('texts that differ never share one', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (left, right) => {
        const same =
          fingerprint({ messages: [{ role: 'USER', text: left }] }) === fingerprint({ messages: [{ role: 'USER', text: right }] });
        expect(same).toBe(left === right);
      }),
    );
  });
});

test('D10 keys whose day is over take no memory', async () => {
  const clock = createManualClock();
  // The cache takes the time 0 for none.
  await clock.advance(1);
  const keys = createIdempotencyKeys({ clock });
  const take = (name: string) => keys.take({ space: name, fingerprint: 'f' }, newId('completion'));
  take('one');
  const { bytes } = keys;
  for (let index = 0; index < 100; index += 1) take(`k${String(index).padStart(2, '0')}`);
  expect(keys.bytes).toBe(101 * bytes);
  await clock.advance(25 * HOUR_MS);
  take('two');
  expect(keys.bytes).toBe(bytes);
});
