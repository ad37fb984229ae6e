import { expect, test } from '@jest/globals';
import { createConnectionGate } from '../../src/storage/connection-gate.js';
import { createManualClock, settled } from '../kit/manual-clock.js';

function stage(connections = 2) {
  const clock = createManualClock();
  const gate = createConnectionGate({ connections, clock, waitMs: 1_000 });
  const seen: string[] = [];
  const leaves = new Map<string, () => void>();
  const come = (name: string) =>
    gate.enter().then(
      (leave) => {
        seen.push(name);
        leaves.set(name, leave);
      },
      (error: unknown) => void seen.push(`${name}: ${String(error)}`),
    );
  return { clock, gate, seen, come, leave: (name: string) => leaves.get(name)?.() };
}

test('as many as there are connections go through; the others follow in the order they came', async () => {
  const { gate, seen, come, leave } = stage();
  for (const name of ['a', 'b', 'c', 'd']) void come(name);
  await settled();
  expect([seen, gate.waiting]).toEqual([['a', 'b'], 2]);
  leave('b');
  leave('b');
  await settled();
  expect(seen).toEqual(['a', 'b', 'c']);
  void come('e');
  leave('a');
  leave('c');
  await settled();
  expect([seen, gate.waiting]).toEqual([['a', 'b', 'c', 'd', 'e'], 0]);
});

test('who leaves lets one in, also when nobody waited for a while', async () => {
  const { seen, come, leave, gate } = stage(1);
  for (const name of ['a', 'b', 'c']) {
    void come(name);
    await settled();
    leave(name);
  }
  void come('d');
  void come('e');
  await settled();
  expect([seen, gate.waiting]).toEqual([['a', 'b', 'c', 'd'], 1]);
});

test('D2 a wait is bounded, and its end is SERVICE_UNAVAILABLE; who gave up takes no place', async () => {
  const { clock, seen, come, leave } = stage(1);
  void come('a');
  void come('b');
  await clock.advance(500);
  void come('c');
  await clock.advance(500);
  expect(seen).toEqual(['a', 'b: GatewayError: The database is busy.']);
  leave('a');
  await settled();
  expect(seen.at(-1)).toBe('c');
  expect(clock.waiting).toBe(0);
});

test('D2 where no connection can be made all who wait are told so at once', async () => {
  const { clock, gate, seen, come, leave } = stage(1);
  for (const name of ['a', 'b', 'c']) void come(name);
  await settled();
  gate.turnAway(new Error('away'));
  await settled();
  expect([seen, gate.waiting, clock.waiting]).toEqual([['a', 'b: Error: away', 'c: Error: away'], 0, 0]);
  leave('a');
  void come('d');
  await settled();
  expect(seen.at(-1)).toBe('d');
});
