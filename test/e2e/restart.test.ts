import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { readLedger } from '../chaos/audit.js';
import { readOn } from '../chaos/reader.js';
import type { Reading } from '../chaos/reader.js';
import { createWorld, MODEL, serve } from '../chaos/world.js';
import type { Replica, World } from '../chaos/world.js';
import { build } from '../kit/process.js';
import { chatFrame, createGate, DONE, finishFrame, usageFrame } from '../kit/scripted-upstream.js';
import { textOf } from '../kit/streams.js';

const LIMIT_MS = 120_000;
const STREAMS = 20;
const WORDS = Array.from({ length: 12 }, (_, index) => `word-${index} `);

let world: World;

beforeAll(async () => {
  await build();
  world = await createWorld({ replicas: 2, env: { SHUTDOWN_GRACE_MS: '20000' } });
}, LIMIT_MS);

afterAll(() => world.close(), LIMIT_MS);

interface Client {
  readonly user: string;
  readonly reading: Reading;
  /** Which replicas it has read from. */
  readonly readFrom: Set<number>;
}

/** Reads to the end, from whichever replica answers, as a client behind a load balancer does: each try goes to the next one. */
async function follow(client: Client, first: number, dropAfter: number): Promise<void> {
  const { user, reading, readFrom } = client;
  const input = { model: MODEL, messages: [{ role: 'USER', text: user }], user };
  let drops = dropAfter > 0 ? 1 : 0;
  for (let turn = first; ; turn += 1, await delay(100, null)) {
    const place = turn % world.replicas.length;
    const graphql = world.replicas[place]?.client;
    if (!graphql) continue;
    const before = reading.events.length;
    const end = await readOn(graphql, {
      door: turn % 3 === 0 ? 'events' : 'socket',
      source: { input, key: `key-${user}` },
      reading,
      enough: (events) => drops > 0 && events.length >= dropAfter,
    });
    if (reading.events.length > before) readFrom.add(place);
    if (end.end === 'enough') drops -= 1;
    if (end.end === 'terminal') return;
    // Whatever else a replica says of a stream that is on its way or kept is a loss.
    if (end.end === 'code') expect(['EVENTS_ELSEWHERE', 'SERVICE_UNAVAILABLE']).toContain(end.code);
  }
}

test(
  'two replicas restarted one after the other under open streams: nothing lost, nothing doubled, each delta read exactly once',
  async () => {
    const [first, second] = world.replicas as [Replica, Replica];
    await first.start();
    await serve(first.client!, world.upstream);
    await second.start();
    const gates = [createGate(), createGate()] as const;
    world.upstream.respond(async ({ send, end }) => {
      for (const [index, content] of WORDS.entries()) {
        if (index === 4) await gates[0].opened;
        if (index === 8) await gates[1].opened;
        await send(chatFrame({ content }));
        await delay(20);
      }
      await send(finishFrame('stop') + usageFrame());
      await send(DONE);
      end();
    });
    const begin = (name: string, place: number): { client: Client; done: Promise<void> }[] =>
      Array.from({ length: STREAMS }, (_, index) => {
        const client: Client = { user: `${name}-${index}`, reading: { events: [], faults: [] }, readFrom: new Set() };
        // A third of them lose their connection and come back, perhaps to the other replica.
        return { client, done: follow(client, place, index % 3 === 0 ? 3 : 0) };
      });
    const early = [...begin('on-first', 0), ...begin('on-second', 1)];
    await until(() => world.upstream.requests.length === 2 * STREAMS);

    const firstEnds = first.end('SIGTERM');
    const late = begin('late', 1);
    gates[0].open();
    await until(() => world.upstream.requests.length === 3 * STREAMS);
    gates[1].open();
    expect(await firstEnds).toBe(0);
    await first.start();
    expect(await second.end('SIGTERM')).toBe(0);
    await second.start();
    await Promise.all([...early, ...late].map(({ done }) => done));

    const clients = [...early, ...late].map(({ client }) => client);
    for (const { reading, user } of clients) {
      expect({ user, text: textOf(reading.events), faults: reading.faults }).toEqual({ user, text: WORDS.join(''), faults: [] });
      expect(reading.events.at(-1)?.__typename).toBe('CompletionFinished');
    }
    expect(world.upstream.requests).toHaveLength(3 * STREAMS);
    const rows = await readLedger(world.database.url);
    expect(rows.map(({ user }) => user).toSorted()).toEqual(clients.map(({ user }) => user).toSorted());
    for (const row of rows) {
      expect(row).toMatchObject({ status: 'SUCCEEDED', usage_source: 'REPORTED', input: '11', output: '7', cost_is_exact: true });
      expect(row.attempts).toHaveLength(1);
    }
    expect(clients.some(({ readFrom }) => readFrom.size === 2)).toBe(true);
  },
  LIMIT_MS,
);

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(20);
}
