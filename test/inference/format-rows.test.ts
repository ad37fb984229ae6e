import { describe, expect, test } from '@jest/globals';
import { tokensOfText } from '../../src/accounting/token-estimate.js';
import type { CompletionEvent } from '../../src/core/events.js';
import { EACH_VOICE, bytesOfSaid, say, streamOf } from '../contract/voices.js';
import type { Said, Voice } from '../contract/voices.js';
import { settled } from '../kit/manual-clock.js';
import { createHandClient } from './hand-client.js';
import type { HandExchange } from './hand-client.js';
import { collect, createStage, deployment, textOf, typesOf } from './kit.js';

/** $1 and $2 a million tokens, in picodollars. */
const costOf = (input: number, output: number) => BigInt(input + 2 * output) * 1_000_000n;
const SIX = ['one ', 'two ', 'three ', 'four ', 'five ', 'six '];

/** A completion that has been begun, streamed, and its upstream's side of it. */
async function begin(voice: Voice, fields: { onCancel?: 'ABORT' | 'DRAIN'; targets?: number } = {}) {
  const hand = createHandClient();
  const { onCancel = 'ABORT', targets = 1 } = fields;
  const deployments = Array.from({ length: targets }, (_, n) =>
    deployment({ slug: `d${String(n)}`, onCancel, provider: { slug: `p${String(n)}`, wireFormat: voice.wireFormat } }),
  );
  const stage = createStage(deployments, { upstream: hand.caller });
  const { state } = await stage.completions.start(stage.request());
  await settled();
  const { id } = state.record;
  const events: CompletionEvent[] = [];
  const reading = collect(await stage.completions.read(stage.owner, id, { after: -1 })).then((all) => events.push(...all));
  const [upstream] = hand.exchanges;
  if (upstream === undefined) throw new Error('nobody was called');
  const send = (exchange: HandExchange, ...said: readonly Said[]) => exchange.send(...said.map((each) => bytesOfSaid(voice, each)));
  return { ...stage, hand, upstream, id, events, reading, send };
}

type Begun = Awaited<ReturnType<typeof begin>>;

async function begunWith(voice: Voice, said: readonly Said[], fields = {}): Promise<Begun> {
  const begun = await begin(voice, fields);
  begun.upstream.begin(voice.contentType);
  begun.send(begun.upstream, { say: 'begin' }, ...said);
  await settled();
  return begun;
}

const six = SIX.flatMap((words) => say.text(0, words));
const only = <T>(all: readonly T[]): T => {
  const [first] = all;
  if (first === undefined || all.length > 1) throw new Error(`there must be one, not ${String(all.length)}`);
  return first;
};

describe.each(EACH_VOICE)('%s', (format, voice) => {
  test('S8 usage is asked for where it must be, and recorded though nobody asked', async () => {
    const { upstream, ledger, reading } = await begin(voice);
    expect(upstream.body['stream_options']).toEqual(format === 'OPENAI_CHAT' ? { include_usage: true } : undefined);
    upstream.begin(voice.contentType);
    upstream.send(...streamOf(voice, six));
    upstream.end();
    await reading;
    expect(only(ledger.rows)).toMatchObject({ usage: { source: 'REPORTED', input: 11, output: 7 }, cost: { total: costOf(11, 7) } });
  });

  test('S16 pieces of arguments 100 ms apart each reach the reader at once', async () => {
    const { upstream, send, clock, completions, owner, id } = await begin(voice);
    const events = await completions.read(owner, id, { after: 0 });
    const [start, ...rest] = say.call(
      0,
      'x',
      Array.from({ length: 20 }, (_, n) => `${String(n)},`),
    );
    upstream.begin(voice.contentType);
    if (!voice.pieces || start === undefined) return;
    send(upstream, { say: 'begin' }, start);
    await events.next();
    for (const [index, piece] of rest.slice(0, 20).entries()) {
      await clock.advance(100);
      send(upstream, piece);
      expect((await events.next()).value).toMatchObject({ type: 'toolCall', argumentsDelta: `${String(index)},`, at: clock.now() });
    }
  });

  test('S23 a first token, then silence: ended at the idle limit, socket closed, the row has the partial usage', async () => {
    const { upstream, clock, ledger, reading, hand } = await begunWith(voice, six);
    await clock.advance(29_900);
    expect(upstream.closed).toBe(false);
    await clock.advance(200);
    await reading;
    expect(upstream.closed).toBe(true);
    expect(hand.exchanges).toHaveLength(1);
    expect(only(ledger.rows)).toMatchObject({
      status: 'FAILED',
      error: { code: 'PROVIDER_TIMEOUT' },
      attempts: [{ failure: { class: 'TIMEOUT' } }],
      usage: { source: 'ESTIMATED', output: tokensOfText(SIX.join('')) },
    });
  });

  test.each([
    ['S24 S26 after six chunks', six, true],
    ['S25 S26 before the first token', [], true],
    ['S25 S26 before the headers', [], false],
  ])('%s: who cancels closes the socket in the same tick, and leaves one row', async (_, said, headers) => {
    const { upstream, completions, owner, id, ledger } = headers ? await begunWith(voice, said) : await begin(voice);
    const cancelling = completions.cancel(owner, id);
    await settled();
    expect(upstream.closed).toBe(true);
    await cancelling;
    const output = said.length === 0 ? 0 : tokensOfText(SIX.join(''));
    const row = only(ledger.rows);
    expect(row).toMatchObject({ status: 'CANCELLED', finishReason: 'CANCELLED', usage: { source: 'ESTIMATED', output } });
    expect(row.usage?.input).toBeGreaterThan(0);
    expect(row.cost?.total).toBe(costOf(row.usage?.input ?? 0, output));
  });

  test('S27 DRAIN: the caller is free at once, the upstream is read to its end, and its 1405 tokens are booked', async () => {
    const { upstream, completions, owner, id, ledger, send } = await begunWith(voice, six, { onCancel: 'DRAIN' });
    expect((await completions.cancel(owner, id))?.record.status).toBe('CANCELLED');
    expect([upstream.closed, ledger.rows.length]).toEqual([false, 0]);
    send(upstream, ...say.text(0, 'and the rest'), { say: 'end', reason: voice.stop, prompt: 5, answer: 1_400 });
    upstream.end();
    await settled();
    expect(only(ledger.rows)).toMatchObject({ status: 'CANCELLED', usage: { source: 'REPORTED', input: 5, output: 1_400 } });
  });

  test('S29 overloaded as the first event of a 200: the next target answers, in one clean stream, and both are told', async () => {
    const { hand, upstream, send, clock, ledger, reading, events } = await begunWith(voice, [], { targets: 2 });
    send(upstream, { say: 'overloaded' });
    upstream.end();
    await clock.advance(1_000);
    const [, other] = hand.exchanges;
    other?.begin(voice.contentType);
    other?.send(...streamOf(voice, six));
    other?.end();
    await reading;
    expect(textOf(events)).toBe(SIX.join(''));
    expect(typesOf(events).filter((type) => type === 'started' || type === 'finished')).toEqual(['started', 'finished']);
    expect(only(ledger.rows)).toMatchObject({
      status: 'SUCCEEDED',
      attempts: [{ failure: { class: 'OVERLOADED', httpStatus: voice.overloadedStatus } }, { failure: null }],
    });
  });

  test('P15 S30 an error after three deltas: no restart, a typed error with its status, partial usage', async () => {
    const { hand, upstream, send, clock, ledger, reading, events } = await begunWith(voice, six.slice(0, 3), { targets: 2 });
    send(upstream, { say: 'overloaded' });
    upstream.end();
    await clock.advance(60_000);
    await reading;
    expect(hand.exchanges).toHaveLength(1);
    expect(textOf(events)).toBe('one two three ');
    expect(events.at(-1)).toMatchObject({ type: 'failed', error: { code: 'PROVIDER_OVERLOADED' } });
    expect(only(ledger.rows)).toMatchObject({
      finishReason: 'INCOMPLETE',
      attempts: [{ failure: { class: 'OVERLOADED', httpStatus: voice.overloadedStatus } }],
      usage: { source: 'ESTIMATED', output: tokensOfText('one two three ') },
    });
  });
});

const ENDS: Readonly<Record<string, (begun: Begun, voice: Voice) => unknown>> = {
  ok: ({ send, upstream }, voice) => send(upstream, { say: 'end', reason: voice.stop, prompt: 0, answer: 0 }),
  'upstream error': ({ send, upstream }) => send(upstream, { say: 'overloaded' }),
  cut: ({ upstream }) => upstream.end(),
  timeout: ({ clock }) => clock.advance(60_100),
  'client cancel': ({ completions, owner, id }) => completions.cancel(owner, id),
  'gateway stop': ({ completions }) => void completions.shutdown(0),
};
/** Who is billed a prompt though nothing was delivered or reported. */
const PROMPT_ALONE = new Set(['client cancel', 'gateway stop']);

describe.each(EACH_VOICE)('S28 %s', (_, voice) => {
  const outcomes = Object.keys(ENDS);

  test.each(outcomes)('%s after words, nothing reported: prompt and words, estimated and flagged', async (outcome) => {
    const begun = await begunWith(voice, six);
    await ENDS[outcome]?.(begun, voice);
    await begun.clock.advance(90_000);
    const { usage, cost, warnings } = only(begun.ledger.rows);
    expect(usage).toMatchObject({ source: 'ESTIMATED', output: tokensOfText(SIX.join('')) });
    expect(cost).toMatchObject({ quality: 'ESTIMATED', total: costOf(usage?.input ?? 0, usage?.output ?? 0) });
    expect(warnings).toContainEqual(expect.stringMatching(/^estimated_usage/));
  });

  test.each(outcomes)('%s before any words, nothing reported: zero, or the prompt where the caller left', async (outcome) => {
    const begun = await begunWith(voice, []);
    begun.hand.script = (exchange) => {
      exchange.begin(voice.contentType);
      if (outcome !== 'timeout') void ENDS[outcome]?.({ ...begun, upstream: exchange }, voice);
      if (outcome !== 'timeout') exchange.end();
    };
    await ENDS[outcome]?.(begun, voice);
    await begun.clock.advance(300_000);
    const { usage, cost } = only(begun.ledger.rows);
    const expected = PROMPT_ALONE.has(outcome) ? { source: 'ESTIMATED', output: 0 } : { source: 'NONE', input: 0, output: 0 };
    expect(usage).toMatchObject(expected);
    expect(cost?.total).toBe(costOf(usage?.input ?? 0, 0));
    expect((usage?.input ?? 0) > 0).toBe(PROMPT_ALONE.has(outcome));
  });
});
