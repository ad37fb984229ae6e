import { describe, expect, test } from '@jest/globals';
import { settled } from '../kit/manual-clock.js';
import { createStage, deployment, principal, STAYS } from './kit.js';

/** Two replicas with shared books, stores and clock. */
function twoReplicas() {
  const here = createStage([deployment()]);
  const there = createStage([deployment()], { replicaOf: here });
  return { here, there, clock: here.clock, shared: here.shared, owner: here.owner };
}

async function started(idempotencyKey: string | null) {
  const stage = twoReplicas();
  const { state } = await stage.here.completions.start(stage.here.request({ idempotencyKey }));
  stage.here.caller.calls[0]!.say({ type: 'text', text: 'half' });
  return { ...stage, id: state.record.id };
}

describe('cancelling what another replica runs', () => {
  test.each([null, 'k'])('ends it there at once, and tells its end here (key %p)', async (key) => {
    const { here, there, clock, owner, id } = await started(key);
    const cancelled = there.completions.cancel(owner, id);
    await settled();
    expect(here.caller.calls[0]!.aborted).toBe(true);
    await clock.advance(25);
    expect((await cancelled)?.record).toMatchObject({ id, status: 'CANCELLED', error: { code: 'CANCELLED' } });
    expect([here.ledger.rows.length, there.caller.calls.length]).toEqual([1, 0]);
  });

  test.each([null, 'k'])('ends it at its next beat where the notice was lost (key %p)', async (key) => {
    const { here, there, clock, shared, owner, id } = await started(key);
    shared.deaf = true;
    const cancelled = there.completions.cancel(owner, id);
    await clock.advance(3_999);
    expect(here.caller.calls[0]!.aborted).toBe(false);
    await clock.advance(401);
    expect((await cancelled)?.record.status).toBe('CANCELLED');
    expect(shared.asked.size).toBe(0);
  });

  test('a keyed `complete` that waits there is told of it as well', async () => {
    const { here, there, clock, owner } = twoReplicas();
    const asked = here.request({ idempotencyKey: 'k' });
    const running = here.completions.complete(asked, STAYS);
    await settled();
    const waiting = there.completions.complete(asked, STAYS);
    const [id] = [...here.shared.starts.keys()];
    void there.completions.cancel(owner, id!);
    await clock.advance(1_000);
    expect([(await running).error?.code, (await waiting).error?.code]).toEqual(['CANCELLED', 'CANCELLED']);
  });

  test('waits within its bound for a replica that is lost, and tells RUNNING then', async () => {
    const { there, clock, shared, owner, id } = await started('k');
    shared.deaf = true;
    shared.asked.delete = () => false;
    const cancelled = there.completions.cancel(owner, id);
    await clock.advance(11_000);
    expect((await cancelled)?.record.status).toBe('RUNNING');
  });

  test('is nobody’s but its key’s and the administrators’', async () => {
    const { here, there, shared, id } = await started(null);
    expect(await there.completions.cancel(principal(), id)).toBeNull();
    expect(await there.completions.cancel(principal({ permissions: new Set(['USAGE_READ']) }), id)).toBeNull();
    await settled();
    expect([here.caller.calls[0]!.aborted, shared.asked.size]).toEqual([false, 0]);
  });

  test('is SERVICE_UNAVAILABLE while the database is away', async () => {
    const { there, shared, owner, id } = await started(null);
    shared.away = true;
    await expect(there.completions.cancel(owner, id)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });

  test('nothing is looked for once nothing runs that others can see', async () => {
    const { here, clock, owner, id } = await started(null);
    await here.completions.cancel(owner, id);
    await clock.advance(60_000);
    void here.completions.complete(here.request(), STAYS);
    const { waiting } = clock;
    await clock.advance(1);
    expect(clock.waiting).toBe(waiting);
    here.caller.calls[1]!.answer('x');
    await clock.advance(60_000);
    expect(clock.waiting).toBe(0);
  });
});
