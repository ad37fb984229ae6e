import { describe, expect, test } from '@jest/globals';
import { newId } from '../../src/core/ids.js';
import type { Permission } from '../../src/core/vocabulary.js';
import { createEventLog } from '../../src/inference/event-log.js';
import { createIdempotencyKeys } from '../../src/inference/idempotency.js';
import { createCompletionRegistry } from '../../src/inference/registry.js';
import { createManualClock } from '../kit/manual-clock.js';
import { collect, createStage, principal, STAYS, textOf } from './kit.js';

const MINUTE_MS = 60_000;

async function answered(form: 'complete' | 'start', idempotencyKey: string | null = null) {
  const stage = createStage();
  await stage.clock.advance(1);
  stage.caller.script = (call) => call.answer('words');
  const { state } =
    form === 'complete'
      ? await stage.completions.complete(stage.request({ idempotencyKey }), STAYS)
      : await stage.completions.start(stage.request({ idempotencyKey }));
  await stage.clock.advance(0);
  return { ...stage, id: state.record.id };
}

describe('how long words are kept', () => {
  test.each([
    ['a started one', 'start', null, 10 * MINUTE_MS],
    ['one with a key', 'complete', 'k', 24 * 60 * MINUTE_MS],
  ] as const)(
    '%s: AVAILABLE until the promised instant, from memory and then from the store; then EXPIRED',
    async (_, form, key, keptMs) => {
      const { completions, clock, owner, id } = await answered(form, key);
      const state = await completions.find(owner, id);
      expect(state?.message?.parts).toMatchObject([{ text: 'words' }]);
      expect(state?.record.contentState).toBe('AVAILABLE');
      expect(state?.record.contentExpiresAt).toEqual(new Date(clock.now().getTime() + keptMs));
      await clock.advance(keptMs - 1);
      expect(await completions.find(owner, id)).toMatchObject({
        message: { parts: [{ text: 'words' }] },
        record: { contentState: 'AVAILABLE', contentExpiresAt: state?.record.contentExpiresAt },
      });
      await clock.advance(1);
      expect(await completions.find(owner, id)).toMatchObject({
        message: null,
        record: { contentState: 'EXPIRED', usage: { input: 10 }, status: 'SUCCEEDED' },
      });
      await expect(completions.read(owner, id, { after: -1 })).rejects.toMatchObject({ code: 'EVENTS_EXPIRED' });
    },
  );

  test('until it can be stored, memory serves it, and nobody is told of a store', async () => {
    const { completions, clock, owner, id, shared } = await answered('start');
    shared.away = true;
    await clock.advance(5 * MINUTE_MS);
    expect((await completions.find(owner, id))?.message).not.toBeNull();
    shared.away = false;
    await clock.advance(2_000);
    expect(shared.contents.get(id)?.events?.value.at(-1)?.type).toBe('finished');
  });

  test('a plain unary call hands its words over and keeps none: what says NOT_STORED is told nowhere, not even where it ran', async () => {
    const { completions, owner, id } = await answered('complete');
    expect(await completions.find(owner, id)).toMatchObject({
      message: null,
      record: { status: 'SUCCEEDED', contentState: 'NOT_STORED', contentExpiresAt: null },
    });
    await expect(completions.read(owner, id, { after: -1 })).rejects.toMatchObject({ code: 'EVENTS_EXPIRED' });
  });

  test('under a key whose words left memory, outcome and words are told from the store, and nobody is asked again', async () => {
    const { completions, caller, clock, request } = createStage(undefined, { maxEndedBytes: 1 });
    caller.script = (call) => call.answer('words');
    const keyed = request({ idempotencyKey: 'k' });
    const { state } = await completions.complete(keyed, STAYS);
    await clock.advance(1_000);
    for (const again of [await completions.complete(keyed, STAYS), await completions.start(keyed)])
      expect(again).toEqual({ error: null, state });
    expect(textOf(await collect(await completions.stream({ ...keyed, idempotencyKey: 'k', after: -1 })))).toBe('words');
    expect(caller.calls).toHaveLength(1);
  });

  test('words that were given up leave the outcome under the key, without them', async () => {
    const { completions, caller, clock, request, keeper, shared } = createStage(undefined, { maxEndedBytes: 1 });
    caller.script = (call) => call.answer('words');
    const keyed = request({ idempotencyKey: 'k' });
    const { state } = await completions.complete(keyed, STAYS);
    await clock.advance(1_000);
    shared.contents.set(state.record.id, { ...keeper.kept[0]!, events: null });
    expect(await completions.complete(keyed, STAYS)).toMatchObject({
      error: null,
      state: { message: null, record: { id: state.record.id } },
    });
    await expect(completions.stream({ ...keyed, idempotencyKey: 'k', after: -1 })).rejects.toMatchObject({ code: 'EVENTS_EXPIRED' });
    expect(caller.calls).toHaveLength(1);
  });
});

test('D10 what is kept of ended completions is bounded in bytes, and the oldest goes first', async () => {
  const clock = createManualClock();
  await clock.advance(1);
  const { completions, request } = createStage();
  const { state } = await completions.start(request());
  const registry = createCompletionRegistry({ clock, maxBytes: 1_000_000 });
  const ids = Array.from({ length: 2_000 }, () => newId('completion'));
  for (const id of ids) {
    const log = createEventLog({ completionId: id, clock });
    log.append({ type: 'text', text: 'x'.repeat(1_000) });
    registry.end(id, { state, log }, 24 * 60 * MINUTE_MS);
    expect(registry.endedBytes).toBeLessThanOrEqual(1_000_000);
  }
  expect(registry.find(ids[0]!)).toBeNull();
  expect(registry.find(ids.at(-1)!)).not.toBeNull();
});

test('D10 keys are bounded, and a million distinct ones leave no more than fit', () => {
  const keys = createIdempotencyKeys({ clock: createManualClock(), maxBytes: 100_000 });
  const first = { space: 'key 0', fingerprint: 'f' };
  for (let index = 0; index < 50_000; index += 1) keys.take({ space: `key ${index}`, fingerprint: 'f' }, newId('completion'));
  expect(keys.find(first)).toBeNull();
  expect(keys.find({ space: 'key 49999', fingerprint: 'other' })).toMatchObject({ sameInput: false });
});

describe('who sees a completion', () => {
  const team = newId('team');
  const someone = (...permissions: Permission[]) => principal({ permissions: new Set(permissions) });

  async function existing() {
    const stage = createStage();
    stage.caller.script = (call) => call.answer('secret words');
    const owner = principal({ teamId: team });
    const { state } = await stage.completions.start(stage.request({ principal: owner }));
    await stage.clock.advance(0);
    return { ...stage, owner, id: state.record.id };
  }

  test.each([
    ['INFERENCE alone', someone('INFERENCE'), false, false],
    ['USAGE_READ: the row, not the words', someone('USAGE_READ'), true, false],
    ['BUDGETS_WRITE includes it', someone('BUDGETS_WRITE'), true, false],
    ['USAGE_READ and PAYLOAD_READ: both', someone('USAGE_READ', 'PAYLOAD_READ'), true, true],
    ['PAYLOAD_READ alone: the events', someone('PAYLOAD_READ'), false, true],
    ['ADMIN: both', someone('ADMIN'), true, true],
    ['the same team', principal({ teamId: team, permissions: new Set(['USAGE_READ']) }), true, false],
    ['another team', principal({ teamId: newId('team'), permissions: new Set(['USAGE_READ', 'PAYLOAD_READ']) }), false, false],
    ['another organization', principal({ organizationId: newId('organization'), permissions: new Set(['ADMIN']) }), false, false],
  ] as const)('%s', async (_, asker, sees, reads) => {
    const { completions, id } = await existing();
    const state = await completions.find(asker, id);
    expect(state !== null).toBe(sees);
    if (state) expect(state.message !== null).toBe(reads);
    const reading = completions.read(asker, id, { after: -1 });
    if (reads) await expect(reading).resolves.toBeDefined();
    else await expect(reading).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('its own key sees, reads and ends it; a stranger can’t end it', async () => {
    const { completions, owner, id } = await existing();
    expect((await completions.find(owner, id))?.message).not.toBeNull();
    expect(await completions.cancel(owner, id)).not.toBeNull();
    expect(await completions.cancel(someone('INFERENCE', 'USAGE_READ', 'PAYLOAD_READ'), id)).toBeNull();
    expect(await completions.cancel(someone('ADMIN'), id)).not.toBeNull();
  });

  test.each(['', 'nonsense', 'team_01h2xcejqtf2nbrexx3vqjhp41', newId('completion'), '\0', `completion_${'z'.repeat(26)}`])(
    'an id that is none (%j) is absent, not an error',
    async (id) => {
      const { completions, owner } = createStage();
      expect(await completions.find(owner, id)).toBeNull();
      expect(await completions.cancel(owner, id)).toBeNull();
      await expect(completions.read(owner, id, { after: -1 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    },
  );
});
