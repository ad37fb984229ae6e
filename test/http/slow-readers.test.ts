import { request as httpRequest, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { buildSchema, type GraphQLSchema } from 'graphql';
import type { CompletionEvent } from '../../src/core/events.js';
import { newId } from '../../src/core/ids.js';
import type { Caller } from '../../src/http/api.js';
import { createEventLog } from '../../src/inference/event-log.js';
import type { EventLog } from '../../src/inference/event-log.js';
import { createManualClock } from '../kit/manual-clock.js';
import { GOOD_KEY, startFixture, type Fixture } from './fixture.js';
import { openReadySocket, subscribeMessage } from './raw-socket.js';

/** More than the kernel's buffers on both sides take, in pieces that are too large to be joined; then small ones. */
const LARGE = 4_000;
const SMALL = 4_000;
const COUNT = LARGE + SMALL;
const piece = (index: number) => String(index).padStart(index < LARGE ? 12_000 : 60, '.');
const QUERY = 'subscription ($after: Int!) { events(after: $after) { firstSequence sequence text } }';

interface Piece {
  readonly firstSequence: number;
  readonly sequence: number;
  readonly text: string;
}

/** Events of a log as the product's own fields read them, and how many of them the doors have taken. */
function createLogApi(log: EventLog): { readonly schema: GraphQLSchema; readonly taken: () => number } {
  const schema = buildSchema(`
    type Query { hello: String }
    type Subscription { events(after: Int!): Event! }
    type Event { firstSequence: Int! sequence: Int! text: String! }
  `);
  let taken = 0;
  const subscribe = (_source: unknown, { after }: { after: number }, { signal, isBehind }: Caller) => {
    const events = log.read({ after, reader: signal, ...(isBehind ? { isBehind } : {}) });
    const next = async () => {
      const step = await events.next();
      if (!step.done) taken = step.value.sequence + 1;
      return step;
    };
    return { ...events, next };
  };
  const resolve = (event: CompletionEvent) => ({ firstSequence: event.sequence, ...event });
  Object.assign(schema.getSubscriptionType()?.getFields()['events'] ?? {}, { subscribe, resolve });
  return { schema, taken: () => taken };
}

const clock = createManualClock();
let fixture: Fixture;
let api: ReturnType<typeof createLogApi>;

async function start(): Promise<void> {
  const log = createEventLog({ completionId: newId('completion'), clock });
  for (let index = 0; index < COUNT; index += 1) log.append({ type: 'text', text: piece(index) });
  api = createLogApi(log);
  fixture = await startFixture({ clock, schema: api.schema });
}

afterEach(() => fixture.server.close());

/** The door takes no more: the kernel's buffers and its own are full. */
async function isHeldUp(): Promise<void> {
  for (let [before, idleTurns] = [-1, 0]; idleTurns < 200; idleTurns += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (api.taken() !== before) idleTurns = 0;
    before = api.taken();
  }
}

/** Once in order, with every word, and fewer than there were. */
function expectJoined(pieces: readonly Piece[], heldUpAt: number): void {
  expect(pieces.map(({ firstSequence }) => firstSequence)).toEqual([0, ...pieces.slice(0, -1).map(({ sequence }) => sequence + 1)]);
  expect(pieces.at(-1)?.sequence).toBe(COUNT - 1);
  for (const { firstSequence, sequence, text } of pieces) {
    const words = Array.from({ length: sequence - firstSequence + 1 }, (_, index) => piece(firstSequence + index));
    if (text !== words.join('')) throw new Error(`the words of ${firstSequence} to ${sequence} are others`);
  }
  // It was behind before the small ones came, and stayed so until it had them all.
  expect(heldUpAt).toBeLessThan(LARGE);
  expect(pieces.length).toBeLessThan(LARGE + SMALL / 100);
}

describe('G4 a reader that stops reading, and goes on', () => {
  test('by WebSocket: the writer waits, adjacent deltas are joined, no word is lost', async () => {
    await start();
    const socket = await openReadySocket(fixture.socketUrl, { authorization: `Bearer ${GOOD_KEY}` });
    socket.socket.pause();
    socket.send(subscribeMessage('1', QUERY, { after: -1 }));
    while (api.taken() === 0) await isHeldUp();
    const heldUpAt = api.taken();
    socket.socket.resume();
    const pieces: Piece[] = [];
    while (pieces.at(-1)?.sequence !== COUNT - 1) pieces.push(((await socket.next('next')).payload as Answer).data.events);
    expectJoined(pieces, heldUpAt);
    socket.socket.terminate();
  });

  test('by server-sent events, too', async () => {
    await start();
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${GOOD_KEY}` };
    const asking = httpRequest(fixture.graphqlUrl, { method: 'POST', headers });
    asking.end(JSON.stringify({ query: QUERY, variables: { after: -1 } }));
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    while (api.taken() === 0) await isHeldUp();
    const heldUpAt = api.taken();
    const pieces: Piece[] = [];
    let unread = '';
    for await (const chunk of response.setEncoding('utf8')) {
      const frames = `${unread}${String(chunk)}`.split('\n\n');
      unread = frames.pop() ?? '';
      for (const frame of frames) if (frame.startsWith('event: next')) pieces.push(eventOf(frame));
      if (pieces.at(-1)?.sequence === COUNT - 1) break;
    }
    expectJoined(pieces, heldUpAt);
  });
});

interface Answer {
  readonly data: { readonly events: Piece };
}

function eventOf(frame: string): Piece {
  return (JSON.parse(frame.slice(frame.indexOf('{'))) as Answer).data.events;
}
