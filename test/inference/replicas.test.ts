import { describe, expect, test } from '@jest/globals';
import { newId } from '../../src/core/ids.js';
import type { Principal } from '../../src/core/principal.js';
import { settled } from '../kit/manual-clock.js';
import { LEASE_MS } from './fake-stores.js';
import { collect, createStage, deployment, STAYS, textOf } from './kit.js';

/** Two replicas with shared books, stores and clock. `there` asks with the same API key. */
function twoReplicas() {
  const here = createStage([deployment()]);
  const there = createStage([deployment()], { replicaOf: here });
  const request = (idempotencyKey = 'k') => here.request({ idempotencyKey });
  return { here, there, clock: here.clock, shared: here.shared, request };
}

describe('an owner that lives', () => {
  test('keeps its key for as long as it works, however long that is, by one statement for all of its calls', async () => {
    const { here, there, clock, shared, request } = twoReplicas();
    const calls = ['k', 'l', 'm'].map((key) => here.completions.complete(request(key), STAYS));
    await clock.advance(10 * LEASE_MS);
    const waiting = there.completions.complete(request(), STAYS);
    await clock.advance(10 * LEASE_MS);
    for (const call of here.caller.calls) call.answer('in the end');
    await Promise.all(calls);
    await clock.advance(1_000);
    expect((await waiting).error).toBeNull();
    expect([here.caller.calls.length, there.caller.calls.length, shared.keys.size]).toEqual([3, 0, 3]);
  });

  test('that was refused in the end leaves the key to whoever waits', async () => {
    const { here, there, clock, request } = twoReplicas();
    const reader = new AbortController();
    const events = await here.completions.stream({ ...request(), idempotencyKey: 'k', after: -1, reader: reader.signal });
    const waiting = there.completions.complete(request(), STAYS);
    await clock.advance(100);
    reader.abort();
    await clock.advance(1_000);
    there.caller.calls[0]!.answer('by the other');
    expect((await waiting).state.message?.parts).toMatchObject([{ text: 'by the other' }]);
    expect(await events.next()).toMatchObject({ done: true });
    expect(here.caller.calls).toHaveLength(0);
  });
});

describe('an owner that is lost', () => {
  async function crashed() {
    const stage = twoReplicas();
    const { here, clock, request, shared } = stage;
    void here.completions.complete(request(), STAYS);
    await settled();
    // A dead process says nothing more.
    for (const key of shared.keys.values()) Object.assign(key, { owner: 'nobody' });
    await clock.advance(LEASE_MS - 1);
    return stage;
  }

  test('is believed in until its lease ends; then the next caller gets INTERRUPTED, and nobody is asked again', async () => {
    const { there, clock, request } = await crashed();
    expect((await there.completions.start(request())).state.record.status).toBe('RUNNING');
    await clock.advance(1);
    const { state, error } = await there.completions.complete(request(), STAYS);
    expect(error?.code).toBe('INTERRUPTED');
    expect(state.record).toMatchObject({ status: 'FAILED', contentState: 'NOT_STORED', cost: { total: 0n, quality: 'ESTIMATED' } });
    expect((await there.completions.complete(request(), STAYS)).state.record.id).toBe(state.record.id);
    await expect(there.completions.stream({ ...request(), idempotencyKey: 'k', after: -1 })).rejects.toMatchObject({
      code: 'EVENTS_EXPIRED',
    });
    expect([there.caller.calls.length, there.ledger.rows.length]).toEqual([0, 1]);
  });

  test('is settled by the job too, once, and a caller that waits for it learns of it', async () => {
    const { there, clock, request } = await crashed();
    const waiting = there.completions.complete(request(), STAYS);
    await clock.advance(1);
    expect([await there.completions.settleLost(), await there.completions.settleLost()]).toEqual([1, 0]);
    await clock.advance(1_000);
    expect((await waiting).error?.code).toBe('INTERRUPTED');
    expect(there.ledger.rows).toHaveLength(1);
  });

  test('that comes back has the last word in memory, and its own calls are never taken for lost by itself', async () => {
    const { here, clock } = await crashed();
    await clock.advance(1_000);
    await here.completions.settleLost();
    expect(here.ledger.rows).toHaveLength(0);
    here.caller.calls[0]!.answer('alive');
    await settled();
    expect(here.ledger.rows).toMatchObject([{ status: 'SUCCEEDED' }]);
  });
});

describe('waiting for another replica', () => {
  test('ends with the caller’s deadline, and with the caller, and leaves no timers behind', async () => {
    const { here, there, clock, request } = twoReplicas();
    const running = here.completions.complete(request(), STAYS);
    await settled();
    const reader = new AbortController();
    const late = there.completions.complete({ ...request(), input: { ...request().input, timeoutMs: 1_000 } }, STAYS);
    const left = there.completions.complete(request(), reader.signal);
    await clock.advance(500);
    reader.abort();
    expect((await left).error?.code).toBe('CANCELLED');
    await clock.advance(500);
    expect((await late).error?.code).toBe('DEADLINE_EXCEEDED');
    here.caller.calls[0]!.answer('done');
    expect((await running).error).toBeNull();
    await clock.advance(10_000);
    expect(clock.waiting).toBe(0);
  });

  test('a resumed stream: elsewhere while it runs, replayed when it has ended, unknown where there is none', async () => {
    const { here, there, clock, request } = twoReplicas();
    const stream = (after: number, key = 'k') => there.completions.stream({ ...request(key), idempotencyKey: key, after });
    void here.completions.complete(request(), STAYS);
    await settled();
    await expect(stream(-1)).rejects.toMatchObject({ code: 'EVENTS_ELSEWHERE' });
    await expect(stream(0)).rejects.toMatchObject({ code: 'EVENTS_ELSEWHERE' });
    await expect(stream(0, 'unknown')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    here.caller.calls[0]!.answer('replayed');
    await clock.advance(1_000);
    const all = await collect(await stream(-1));
    expect(textOf(all)).toBe('replayed');
    for (let after = 0; after <= all.length; after += 1) expect(await collect(await stream(after))).toEqual(all.slice(after + 1));
  });
});

test('while the database is away: keys and startCompletion are refused before anybody is called; the rest runs', async () => {
  const { here, shared, request } = twoReplicas();
  shared.away = true;
  await expect(here.completions.complete(request(), STAYS)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  await expect(here.completions.start(here.request())).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  await expect(here.completions.stream({ ...request(), idempotencyKey: 'k', after: -1 })).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
  });
  expect(here.caller.calls).toHaveLength(0);
  const plain = here.completions.complete(here.request(), STAYS);
  here.caller.calls[0]!.answer('runs');
  expect((await plain).error).toBeNull();
});

test('a stop while a key is being claimed calls nobody, frees the key, and leaves a row that says so', async () => {
  const { here, shared, request } = twoReplicas();
  const asked = here.completions.complete(request(), STAYS);
  await here.completions.shutdown(0);
  await expect(asked).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  expect([here.caller.calls.length, shared.keys.size]).toEqual([0, 0]);
  expect(here.ledger.rows).toMatchObject([{ status: 'BLOCKED', error: { code: 'INTERRUPTED' } }]);
});

test('S27 a call that is read on after its cancellation keeps its key until its books are closed, however long that takes', async () => {
  const here = createStage([deployment({ onCancel: 'DRAIN' })]);
  const there = createStage([deployment()], { replicaOf: here });
  const keyed = here.request({ idempotencyKey: 'k' });
  const { state } = await here.completions.start(keyed);
  here.caller.calls[0]!.say({ type: 'text', text: 'half' });
  await here.completions.cancel(here.owner, state.record.id);
  await here.clock.advance(2 * LEASE_MS);
  const waiting = there.completions.complete(keyed, STAYS);
  expect(await there.completions.settleLost()).toBe(0);
  here.caller.calls[0]!.answer(' and the rest');
  await here.clock.advance(1_000);
  const { state: told, error } = await waiting;
  expect(error?.code).toBe('CANCELLED');
  expect(told.record.usage).toMatchObject({ source: 'REPORTED' });
  expect(told.message?.parts).toMatchObject([{ text: 'half' }]);
  expect(there.caller.calls).toHaveLength(0);
});

describe('payload storage', () => {
  const prompt = { model: 'gpt', messages: [{ role: 'USER' as const, text: 'I am ada@example.com' }] };

  async function stored(mode: 'NONE' | 'REDACTED' | 'FULL', idempotencyKey: string | null) {
    const stage = createStage([deployment()], { payloadStorage: { mode, retentionDays: 2 } });
    stage.caller.script = (call) => call.answer('Hello ada@example.com');
    const { state } = await stage.completions.complete(stage.request({ input: prompt, idempotencyKey }), STAYS);
    await stage.clock.advance(1_000);
    return { ...stage, state };
  }

  test.each([
    ['FULL', 'I am ada@example.com', 'Hello ada@example.com'],
    ['REDACTED', 'I am [email]', 'Hello [email]'],
  ] as const)('%s outlives the log: exact while it can be resumed, then as it is stored, then EXPIRED', async (mode, asked, said) => {
    const { completions, clock, state, owner } = await stored(mode, 'k');
    const reader = { ...owner, apiKeyId: newId('key'), permissions: new Set(['USAGE_READ', 'PAYLOAD_READ'] as const) };
    const read = async () => (await completions.find(reader, state.record.id))?.message?.parts;
    const promptFor = async (who: Principal) => (await completions.prompts(who, [state.record])).get(state.record.id) ?? null;
    const day = 86_400_000;
    expect(await read()).toMatchObject([{ text: 'Hello ada@example.com' }]);
    await clock.advance(day);
    await expect(completions.read(reader, state.record.id, { after: -1 })).rejects.toMatchObject({ code: 'EVENTS_EXPIRED' });
    expect(await read()).toMatchObject([{ text: said }]);
    expect(await promptFor(reader)).toMatchObject([{ role: 'USER', parts: [{ text: asked }] }]);
    expect(await promptFor(owner)).toBeNull();
    await clock.advance(day);
    expect([await read(), await promptFor(reader)]).toEqual([undefined, null]);
    expect((await completions.find(reader, state.record.id))?.record.contentState).toBe('EXPIRED');
  });

  test.each([
    ['FULL', 'I am ada@example.com'],
    ['REDACTED', 'I am [email]'],
  ] as const)('%s: a prompt that is not stored yet is told from memory, as it will be stored', async (mode, asked) => {
    const stage = createStage([deployment()], { payloadStorage: { mode, retentionDays: 2 } });
    stage.caller.script = (call) => call.answer('Hello');
    stage.keeper.stalled = true;
    const reader = { ...stage.owner, permissions: new Set(['INFERENCE', 'PAYLOAD_READ'] as const) };
    const { state } = await stage.completions.complete({ ...stage.request({ input: prompt }), principal: reader }, STAYS);
    const told = async () => (await stage.completions.prompts(reader, [state.record])).get(state.record.id);
    expect(state.record.contentState).toBe('AVAILABLE');
    expect(await told()).toMatchObject([{ parts: [{ text: asked }] }]);
    stage.keeper.stalled = false;
    await stage.clock.advance(5_000);
    expect([...stage.keeper.waiting]).toEqual([]);
    expect(await told()).toMatchObject([{ parts: [{ text: asked }] }]);
  });

  test('NONE hands over neither prompt nor answer of a plain call', async () => {
    const { keeper, state } = await stored('NONE', null);
    expect(keeper.kept).toEqual([]);
    expect(state.record).toMatchObject({ contentState: 'NOT_STORED', contentExpiresAt: null });
  });

  test('a prompt counts in what waits to be stored', async () => {
    const { keeper } = await stored('FULL', null);
    expect(keeper.kept[0]).toMatchObject({ events: null, keyUntil: null });
    expect(keeper.kept[0]!.bytes).toBeGreaterThan(2 * 'I am ada@example.com'.length);
  });
});
