import { describe, expect, test } from '@jest/globals';
import type { CompletionState } from '../../src/core/inference.js';
import { settled } from '../kit/manual-clock.js';
import { createStage, deployment, STAYS, usage } from './kit.js';

const words = (text: string) => ({ type: 'text', text }) as const;

async function begin(onCancel: 'ABORT' | 'DRAIN') {
  const stage = createStage([deployment({ onCancel })]);
  const { state } = await stage.completions.start(stage.request());
  await settled();
  const call = stage.caller.calls[0];
  if (!call) throw new Error('nobody was called');
  call.say(words('six chunks of an answer'));
  return { ...stage, call, id: state.record.id };
}

const tokens = (state: CompletionState | null) => [state?.record.usage?.source, state?.record.usage?.input, state?.record.usage?.output];

describe('cancelling', () => {
  test('S27 with DRAIN the caller is free at once; one row is booked, at the end, with the true usage', async () => {
    const { completions, owner, call, ledger, id } = await begin('DRAIN');
    const told = await completions.cancel(owner, id);
    expect(told?.record).toMatchObject({ status: 'CANCELLED', usage: { source: 'ESTIMATED' } });
    expect(call.aborted).toBe(false);
    expect(ledger.rows).toEqual([]);
    call.answer(' and its rest', usage(5, 1_400));
    await settled();
    expect(ledger.rows).toHaveLength(1);
    expect(ledger.rows[0]).toMatchObject({
      status: 'CANCELLED',
      error: { code: 'CANCELLED' },
      finishReason: 'CANCELLED',
      warnings: [],
      usage: { source: 'REPORTED', input: 5, output: 1_400 },
      cost: { quality: 'EXACT' },
      attempts: [{ status: 'CANCELLED', usage: { output: 1_400 } }],
      endedAt: told?.record.endedAt,
      timing: told?.record.timing,
    });
    expect(tokens(await completions.find(owner, id))).toEqual(['REPORTED', 5, 1_400]);
  });

  test('S26 S27 with ABORT the upstream is ended, and the row holds what was delivered, flagged', async () => {
    const { completions, owner, call, ledger, id } = await begin('ABORT');
    await completions.cancel(owner, id);
    expect(call.aborted).toBe(true);
    expect(ledger.rows).toHaveLength(1);
    expect(ledger.rows[0]).toMatchObject({
      status: 'CANCELLED',
      usage: { source: 'ESTIMATED', output: 6 },
      cost: { quality: 'ESTIMATED' },
    });
    expect(ledger.rows[0]?.warnings).toEqual([expect.stringMatching(/^estimated_usage/)]);
  });

  test('S27 a drain that never reports is booked with all that had come by its bound', async () => {
    const { completions, clock, owner, call, ledger, id } = await begin('DRAIN');
    await completions.cancel(owner, id);
    call.say(words(' and more that nobody hears'));
    await clock.advance(60_000);
    expect(call.aborted).toBe(true);
    expect(ledger.rows).toHaveLength(1);
    expect(ledger.rows[0]).toMatchObject({ usage: { source: 'ESTIMATED', output: 13 } });
  });

  test('C21 a stop ends the drains, and waits until they are booked', async () => {
    const { completions, owner, call, ledger, id } = await begin('DRAIN');
    await completions.cancel(owner, id);
    call.say({ type: 'usage', usage: usage(5, 77) });
    await completions.shutdown(0);
    expect(call.aborted).toBe(true);
    expect(ledger.rows).toMatchObject([{ status: 'CANCELLED', usage: { source: 'REPORTED', output: 77 } }]);
  });

  test('a deadline ends the upstream, also with DRAIN', async () => {
    const stage = createStage([deployment({ onCancel: 'DRAIN' })]);
    const done = stage.completions.complete(stage.request(), STAYS);
    await settled();
    await stage.clock.advance(600_000);
    expect((await done).error?.code).toBe('DEADLINE_EXCEEDED');
    expect(stage.caller.calls[0]?.aborted).toBe(true);
    expect(stage.ledger.rows).toHaveLength(1);
  });
});
