import { setTimeout as delay } from 'node:timers/promises';
import { chatFrame, createGate, DONE, finishFrame, usageFrame } from '../kit/scripted-upstream.js';
import type { Gate } from '../kit/scripted-upstream.js';
import { textOf } from '../kit/streams.js';
import { readLedger } from './audit.js';
import type { LedgerRow } from './audit.js';
import { isTerminal, readOn } from './reader.js';
import type { Reading } from './reader.js';
import { createKeys, createWorld, MODEL, serve } from './world.js';
import type { Replica, World } from './world.js';

export interface RestartReport {
  /** Read to their end. */
  readonly streams: number;
  readonly requests: number;
  readonly rows: number;
  /** Streams that were read from one replica and then from the other. */
  readonly moved: number;
  /** From the first SIGTERM until every stream had been read. */
  readonly tookMs: number;
  /** What was lost, doubled or refused. */
  readonly faults: readonly string[];
}

const WORDS = Array.from({ length: 12 }, (_, index) => `word-${index} `);
const PAUSE_MS = 20;
/** Whatever else a replica says of a stream that is on its way, or kept, is a loss. */
const PASSING = ['EVENTS_ELSEWHERE', 'SERVICE_UNAVAILABLE'];

interface Client {
  readonly user: string;
  readonly key: string;
  readonly reading: Reading;
  /** Which replicas it has read from. */
  readonly readFrom: Set<number>;
  /** Error codes that were no reason to come back. */
  readonly refusals: string[];
}

/**
 * Two replicas on one database, so many open streams on each, and as many begun on the second while the first ends:
 *
 * 1. A third of each answer has been sent. The first replica is told to stop; the second third follows.
 * 2. The last third follows. The first starts again; then the second is restarted.
 * 3. Clients read to the end, from whichever replica answers; a third of them lose their connection on the way.
 */
export async function runRollingRestart({ streams }: { readonly streams: number }): Promise<RestartReport> {
  const world = await createWorld({ replicas: 2, env: { SHUTDOWN_GRACE_MS: '20000' } });
  try {
    const [first, second] = world.replicas as [Replica, Replica];
    await first.start();
    await serve(first.client!, world.upstream);
    const keys = await createKeys(first.client!, 3 * streams);
    await second.start();
    const gates = [createGate(), createGate()] as const;
    answerInThirds(world, gates);
    const begin = (name: string, place: number) =>
      Array.from({ length: streams }, (_, index) => {
        const key = keys[index % keys.length] ?? '';
        const client: Client = { user: `${name}-${index}`, key, reading: { events: [], faults: [] }, readFrom: new Set(), refusals: [] };
        return { client, done: follow(world, client, { first: place, dropAfter: index % 3 === 0 ? 3 : 0 }) };
      });
    const early = [...begin('on-first', 0), ...begin('on-second', 1)];
    await until(() => world.upstream.requests.length === 2 * streams);

    const startedMs = performance.now();
    const firstEnds = first.end('SIGTERM');
    const late = begin('late', 1);
    gates[0].open();
    await until(() => world.upstream.requests.length === 3 * streams);
    gates[1].open();
    const codes = [await firstEnds];
    await first.start();
    codes.push(await second.end('SIGTERM'));
    await second.start();
    await Promise.all([...early, ...late].map(({ done }) => done));
    const tookMs = performance.now() - startedMs;

    const clients = [...early, ...late].map(({ client }) => client);
    const rows = await readLedger(world.database.url);
    const exits = codes.flatMap((code) => (code === 0 ? [] : [`a replica ended with ${code}`]));
    const faults = [...exits, ...clients.flatMap(faultsOfClient), ...faultsOfBooks(clients, rows)];
    const { length: requests } = world.upstream.requests;
    const moved = clients.filter(({ readFrom }) => readFrom.size === 2).length;
    return { streams: clients.length, requests, rows: rows.length, moved, tookMs, faults };
  } finally {
    await world.close();
  }
}

function answerInThirds({ upstream }: World, gates: readonly [Gate, Gate]): void {
  upstream.respond(async ({ send, end }) => {
    for (const [index, content] of WORDS.entries()) {
      if (index === 4) await gates[0].opened;
      if (index === 8) await gates[1].opened;
      await send(chatFrame({ content }));
      await delay(PAUSE_MS);
    }
    await send(finishFrame('stop') + usageFrame());
    await send(DONE);
    end();
  });
}

/** Reads to the end, from whichever replica answers, as a client behind a load balancer does: each try goes to the next one. */
async function follow(
  { replicas }: World,
  client: Client,
  { first, dropAfter }: { readonly first: number; readonly dropAfter: number },
): Promise<void> {
  const { user, key, reading, readFrom, refusals } = client;
  const input = { model: MODEL, messages: [{ role: 'USER', text: user }], user };
  let drops = dropAfter > 0 ? 1 : 0;
  for (let turn = first; ; turn += 1, await delay(100, null)) {
    const place = turn % replicas.length;
    const graphql = replicas[place]?.clientWith(key);
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
    if (end.end !== 'code' || PASSING.includes(end.code)) continue;
    refusals.push(end.code);
    return;
  }
}

function faultsOfClient({ user, reading, refusals }: Client): readonly string[] {
  const faults = [...reading.faults, ...refusals];
  const last = reading.events.at(-1);
  if (!last || !isTerminal(last) || last.__typename !== 'CompletionFinished') faults.push(`ended with ${last?.__typename}`);
  if (textOf(reading.events) !== WORDS.join('')) faults.push(`read ${JSON.stringify(textOf(reading.events))}`);
  return faults.map((fault) => `${user}: ${fault}`);
}

function faultsOfBooks(clients: readonly Client[], rows: readonly LedgerRow[]): readonly string[] {
  const faults: string[] = [];
  for (const { user } of clients) {
    const own = rows.filter((row) => row.user === user);
    if (own.length !== 1) faults.push(`${user}: ${own.length} rows`);
    for (const { status, usage_source, input, output, cost_is_exact, attempts } of own)
      if (
        status !== 'SUCCEEDED' ||
        usage_source !== 'REPORTED' ||
        input !== '11' ||
        output !== '7' ||
        !cost_is_exact ||
        attempts.length !== 1
      )
        faults.push(`${user}: booked ${status} ${usage_source} ${input}/${output} in ${attempts.length} attempts`);
  }
  return faults;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(20);
}
