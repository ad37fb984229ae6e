import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bookedRow } from '../kit/books.js';
import type { Row } from '../kit/books.js';
import { CANCEL_COMPLETION, STREAM_COMPLETION } from '../kit/operations.js';
import { startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { chatFrame, createGate, DONE, finishFrame, sse, usageFrame } from '../kit/scripted-upstream.js';
import type { UpstreamExchange } from '../kit/scripted-upstream.js';
import { createSkippingClock } from '../kit/skipping-clock.js';
import { terminalOf } from '../kit/streams.js';
import type { StreamEvent } from '../kit/streams.js';

const clock = createSkippingClock();
let product: TestProduct;
let users = 0;

beforeAll(async () => {
  product = await startProduct({ clock });
  await product.serve({ slug: 'words', rates: { INPUT: '1', OUTPUT: '2' } });
});

afterAll(() => product.stop());

const WORDS = 'Only these few words';
/** By the estimate, of "hello" as a prompt and of the words; the upstream itself reports 11 and 7. */
const ESTIMATE = { prompt: 8, words: 5 };

interface Said {
  readonly reported: boolean;
  readonly output: boolean;
}

const CELLS = [true, false].flatMap((reported) => [true, false].map((output): Said => ({ reported, output })));

/** A stream whose upstream has said what the cell wants, and does the rest when told. */
interface Begun {
  readonly id: string;
  /** How often the upstream was asked. */
  asked(): number;
  /** The gateway has read what the upstream said when it was asked the second time. */
  saidAgain(): Promise<void>;
  /** All attempts from now on, and the one that waits. */
  goOn(how: (exchange: UpstreamExchange) => Promise<void>): void;
  readonly ended: Promise<StreamEvent>;
}

async function begin(said: Said, { through = product, fields = {} }: { through?: TestProduct; fields?: object } = {}): Promise<Begun> {
  let asked = 0;
  let goOn: Begun['goOn'] = () => undefined;
  const next = new Promise<(exchange: UpstreamExchange) => Promise<void>>((resolve) => {
    goOn = resolve;
  });
  const hasSaid = [createGate(), createGate()];
  product.upstream.respond(async (exchange) => {
    const gate = hasSaid[asked];
    asked += 1;
    exchange.startStream();
    // The usage first, so that whoever has the words has that, too.
    if (said.reported) await exchange.send(usageFrame());
    if (said.output) await exchange.send(chatFrame({ content: WORDS }));
    gate?.open();
    const rest = await next;
    await rest(exchange);
  });
  // Where there are no words nothing tells that the usage was read; a whole round through the same event loop is behind it.
  const isRead = async (time: number) => {
    await hasSaid[time]?.opened;
    await through.client.query('{ viewer { permissions } }');
  };
  const input = { model: 'words', user: `user-${(users += 1)}`, messages: [{ role: 'USER', text: 'hello' }], ...fields };
  const reading = through.client.events<{ streamCompletion: StreamEvent }>(STREAM_COMPLETION, { input, key: input.user });
  const first = (await reading.next()).value as { data: { streamCompletion: StreamEvent } };
  const events = [first.data.streamCompletion];
  await isRead(0);
  if (said.output) events.push(((await reading.next()).value as { data: { streamCompletion: StreamEvent } }).data.streamCompletion);
  const ended = (async () => {
    for await (const { data } of reading) if (data) events.push(data.streamCompletion);
    return terminalOf(events);
  })();
  return { id: first.data.streamCompletion.completionId, asked: () => asked, saidAgain: () => isRead(1), goOn, ended };
}

const stall = ({ stall: wait }: UpstreamExchange) => wait();

interface Outcome {
  readonly name: string;
  readonly status: string;
  /** What an attempt without reported usage costs where no words came; with words it is always prompt and words. */
  readonly noOutput: 'prompt' | 'nothing';
  readonly fields?: object;
  end(begun: Begun, said: Said): Promise<void>;
}

const OUTCOMES: readonly Outcome[] = [
  {
    name: 'ok',
    status: 'SUCCEEDED',
    noOutput: 'nothing',
    end: ({ goOn }) => {
      goOn(({ stream }) => stream([finishFrame('stop'), DONE]));
      return Promise.resolve();
    },
  },
  {
    name: 'client cancel',
    status: 'CANCELLED',
    noOutput: 'prompt',
    end: async ({ goOn, id }) => {
      goOn(stall);
      await product.client.query(CANCEL_COMPLETION, { id });
    },
  },
  {
    name: 'upstream error',
    status: 'FAILED',
    noOutput: 'nothing',
    end: ({ goOn }) => {
      goOn(({ stream }) => stream([sse({ error: { message: 'No.', type: 'invalid_request_error', code: 'content_filter' } }), DONE]));
      return Promise.resolve();
    },
  },
  {
    name: 'timeout',
    status: 'FAILED',
    noOutput: 'nothing',
    end: async ({ goOn, saidAgain }, { output }) => {
      goOn(stall);
      await clock.skip(60_000);
      if (output) return;
      // Without a first word it is asked once more, after a pause.
      await clock.skip(1_000);
      await saidAgain();
      await clock.skip(60_000);
    },
  },
  {
    name: 'gateway error',
    status: 'FAILED',
    noOutput: 'prompt',
    fields: { timeoutMs: 20_000 },
    end: async ({ goOn }) => {
      goOn(stall);
      await clock.skip(20_000);
    },
  },
];

/** As the API writes an amount: no exponent. */
const plain = (dollars: number) => dollars.toFixed(12).replace(/\.?0+$/, '');

type Billed = 'reported' | 'prompt and words' | 'prompt' | 'nothing';

const AMOUNTS: Readonly<Record<Billed, { readonly source: string; readonly input: number; readonly output: number }>> = {
  reported: { source: 'REPORTED', input: 11, output: 7 },
  'prompt and words': { source: 'ESTIMATED', input: ESTIMATE.prompt, output: ESTIMATE.words },
  prompt: { source: 'ESTIMATED', input: ESTIMATE.prompt, output: 0 },
  nothing: { source: 'NONE', input: 0, output: 0 },
};

const billedFor = ({ reported, output }: Said, noOutput: Billed): Billed =>
  reported ? 'reported' : output ? 'prompt and words' : noOutput;

function expectBilled({ row, event, times }: { row: Row; event: StreamEvent; times: number }, billed: Billed): void {
  const { source, input, output } = AMOUNTS[billed];
  const quality = source === 'ESTIMATED' ? 'ESTIMATED' : 'EXACT';
  const dollars = (each: number) => (each * (input + 2 * output)) / 1e6;
  const figures = ({ usage_source, cost_quality, ...of }: Row | Row['attempts'][number]) => ({
    ...{ usage_source, cost_quality },
    ...{ input: Number(of['input']), output: Number(of['output']), cost: Number(of['cost']) },
  });
  const booked = (each: number) => ({
    ...{ usage_source: source, cost_quality: quality },
    ...{ input: each * input, output: each * output, cost: dollars(each) },
  });
  expect(row.attempts).toHaveLength(times);
  expect(row.attempts.map(figures)).toEqual(row.attempts.map(() => booked(1)));
  expect(figures(row)).toEqual(booked(times));
  const isFlagged = (warnings: unknown) => JSON.stringify(warnings).includes('estimated_usage');
  expect(isFlagged(row['warnings'])).toBe(source === 'ESTIMATED');
  expect(event.completion).toMatchObject({
    status: row['status'],
    usage: { source, input: times * input, output: times * output },
    cost: { quality, total: { amount: plain(dollars(times)) } },
  });
  expect(isFlagged(event.completion?.['warnings'])).toBe(source === 'ESTIMATED');
}

describe('S28 what the caller is told and what is booked agree with the rule', () => {
  const cells = OUTCOMES.flatMap((outcome) => CELLS.map((said) => ({ outcome, ...said, name: outcome.name })));

  test.each(cells)('S28 $name, usage reported: $reported, output seen: $output', async ({ outcome, ...said }) => {
    const begun = await begin(said, { fields: outcome.fields ?? {} });
    await outcome.end(begun, said);
    const event = await begun.ended;
    const row = await bookedRow(product.database.url, begun.id);
    expect(row['status']).toBe(outcome.status);
    expectBilled({ row, event, times: begun.asked() }, billedFor(said, outcome.noOutput));
  });

  test('S28 a gateway that stops: each cell', async () => {
    const replica = await startProduct({ replicaOf: product, env: { SHUTDOWN_GRACE_MS: '0' } });
    const streams: { readonly said: Said; readonly begun: Begun }[] = [];
    for (const said of CELLS) {
      const begun = await begin(said, { through: replica });
      begun.goOn(stall);
      streams.push({ said, begun });
    }
    const stopped = replica.stop();
    for (const { said, begun } of streams) {
      const event = await begun.ended;
      const row = await bookedRow(product.database.url, begun.id);
      expect(row).toMatchObject({ status: 'FAILED', error_code: 'INTERRUPTED' });
      expectBilled({ row, event, times: begun.asked() }, billedFor(said, 'prompt'));
    }
    await stopped;
  });
});
