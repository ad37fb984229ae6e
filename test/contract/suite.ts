import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { createUpstreamCaller } from '../../src/providers/caller.js';
import type { ChatCallOptions, ProviderTarget, UpstreamCaller } from '../../src/providers/contract.js';
import { startSandbox } from '../../src/providers/sandbox.js';
import type { Sandbox } from '../../src/providers/sandbox.js';
import { createGate, startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream, UpstreamExchange } from '../kit/scripted-upstream.js';
import { callOptions, framesOf, goldenExchanges, makeCall } from '../providers/support.js';
import type { AnswerCase, FormatUnderTest } from './format.js';
import { RECORDED_IN, bytesOf } from './recorded.js';

/** Whose contract it is: a wire format in its plain form, or a vendor that speaks it in a dialect. */
export interface ContractSubject {
  readonly format: FormatUnderTest;
  /** For an upstream at this origin: http://127.0.0.1:<port> */
  target(origin: string): ProviderTarget;
  /** Where its calls arrive. */
  readonly path: FormatUnderTest['path'];
  /** What of a case's request must stand in its own. */
  sent(answer: AnswerCase): object;
  readonly standIn: StandIn;
}

/** How the upstream of other make is met. */
interface StandIn {
  /** It streams usage only to who asks, which a vendor that always does refuses. */
  readonly streamsUsage: boolean;
  /** Whether the dialect can ask for what a case is about. */
  canAsk(answer: AnswerCase): boolean;
}

interface Stage {
  readonly upstream: ScriptedUpstream;
  readonly caller: UpstreamCaller;
}

const FORMS = [
  ['unary', false],
  ['streamed', true],
] as const;

/** The same story over three kinds of upstream: scripted to the byte, recorded, and a stand-in of other make. */
export function describeContract(subject: ContractSubject): void {
  let stage: Stage;
  const on = (): Stage => stage;

  beforeEach(async () => {
    const caller = createUpstreamCaller({ clock: systemClock, adapters: WIRE_FORMAT_ADAPTERS });
    stage = { upstream: await startScriptedUpstream(), caller };
  });

  afterEach(async () => {
    await stage.caller.close();
    await stage.upstream.close();
  });

  describeAnswers(subject, on);
  describeErrors(subject, on);
  describeCuts(subject, on);
  describeRecorded(subject, on);
  describeStandIn(subject, on);
}

function players({ format, target }: ContractSubject, on: () => Stage) {
  const begin = ({ startStream }: UpstreamExchange) =>
    startStream(format.contentType === undefined ? {} : { 'content-type': format.contentType });
  const play = (exchange: UpstreamExchange, pieces: readonly (string | Uint8Array)[]) => {
    begin(exchange);
    return exchange.stream(pieces);
  };
  const chat = (options: Partial<ChatCallOptions>, call = makeCall()) =>
    on().caller.chat(call, target(on().upstream.url), callOptions(options));
  return { begin, play, chat };
}

function describeAnswers(subject: ContractSubject, on: () => Stage): void {
  const { play, chat } = players(subject, on);

  describe.each(subject.format.answers.map((answer) => [answer.name, answer] as const))('%s', (_, answer) => {
    test.each(FORMS)('%s', async (__, stream) => {
      const { upstream } = on();
      upstream.respond((exchange) => (stream ? play(exchange, answer.stream) : exchange.json(200, answer.body)));
      const outcome = await chat({ stream }, makeCall(answer.call));
      const request = await upstream.nextRequest();
      expect(request.path).toBe(stream ? subject.path.stream : subject.path.unary);
      expect(request.json).toMatchObject(subject.sent(answer));
      expect(outcome).toMatchObject({ status: 'succeeded', failure: null, accepted: true });
      expect(outcome.answer).toMatchObject({ finishReason: answer.finishReason, ended: true, failure: null });
      expect(outcome.answer.message.parts).toEqual(answer.parts);
      if (answer.usage === null) expect(outcome.answer.usage).toBeNull();
      else expect(outcome.answer.usage).toMatchObject({ ...answer.usage, source: 'REPORTED' });
    });

    test('S12 both forms give one answer, also where the bytes come one by one (S2)', async () => {
      const { upstream } = on();
      upstream.respondOnce((exchange) => play(exchange, answer.stream));
      upstream.respondOnce((exchange) => exchange.drip(Buffer.concat(answer.stream.map((piece) => Buffer.from(piece)))));
      upstream.respondOnce((exchange) => exchange.json(200, answer.body));
      const streamed = await chat({ stream: true }, makeCall(answer.call));
      expect((await chat({ stream: true }, makeCall(answer.call))).answer).toEqual(streamed.answer);
      expect((await chat({ stream: false }, makeCall(answer.call))).answer).toEqual(streamed.answer);
    });
  });
}

function describeErrors(subject: ContractSubject, on: () => Stage): void {
  const { chat } = players(subject, on);

  describe.each(subject.format.errors.map((error) => [error.name, error] as const))('%s', (_, error) => {
    test.each(FORMS)('%s', async (__, stream) => {
      on().upstream.respond((exchange) =>
        exchange.text(error.status, error.body, { 'content-type': 'application/json', ...error.headers }),
      );
      const outcome = await chat({ stream });
      expect(outcome).toMatchObject({ status: 'failed', accepted: true, answer: { message: { parts: [] }, ended: false } });
      expect(outcome.failure).toMatchObject({
        class: error.failureClass,
        httpStatus: error.status,
        retryAfterMs: error.retryAfterMs ?? null,
      });
    });
  });

  test.each(FORMS)('an unreadable 200, %s', async (_, stream) => {
    on().upstream.respond((exchange) => exchange.text(200, '<html>maintenance</html>', { 'content-type': 'text/html' }));
    expect((await chat({ stream })).failure?.class).toBe('BAD_RESPONSE');
  });
}

function describeCuts(subject: ContractSubject, on: () => Stage): void {
  const { format } = subject;
  const { chat } = players(subject, on);

  test('S20 cut in the middle', async () => {
    const heard = createGate();
    on().upstream.respond(async ({ send, cut }) => {
      await send(format.halves.first);
      await heard.opened;
      cut();
    });
    const outcome = await chat({ stream: true, onDeltas: () => heard.open() });
    expect(outcome).toMatchObject({
      status: 'failed',
      failure: { class: 'BAD_RESPONSE' },
      answer: { finishReason: 'INCOMPLETE', ended: false },
    });
    expect(outcome.answer.message.parts).toHaveLength(1);
  });

  test('S24 cancelled in the middle', async () => {
    const controller = new AbortController();
    const heard = createGate();
    on().upstream.respond(async ({ send, stall }) => {
      await send(format.halves.first);
      await stall();
    });
    const outcome = chat({ stream: true, signal: controller.signal, onDeltas: () => heard.open() });
    const request = await on().upstream.nextRequest();
    await heard.opened;
    controller.abort();
    expect(await outcome).toMatchObject({ status: 'cancelled', failure: null });
    await request.socketClosed;
  });

  test('a pause in the middle changes nothing', async () => {
    const heard = createGate();
    on().upstream.respond(async ({ send, end }) => {
      await send(format.halves.first);
      await heard.opened;
      await send(format.halves.rest);
      end();
    });
    expect(await chat({ stream: true, onDeltas: () => heard.open() })).toMatchObject({
      status: 'succeeded',
      answer: { finishReason: 'STOP' },
    });
  });
}

/** Each in one test, for there are many: its name is in what a failure shows. */
function describeRecorded(subject: ContractSubject, on: () => Stage): void {
  const { wireFormat } = subject.format;
  const { play, chat } = players(subject, on);

  test('what was recorded of this wire format means the same in both forms', async () => {
    const { upstream } = on();
    for (const exchange of goldenExchanges(RECORDED_IN[wireFormat])) {
      const { finishReason, rawFinishReason, refusal, parts } = exchange.expected;
      upstream.respondOnce((asked) => play(asked, [bytesOf(framesOf(exchange), wireFormat)]));
      upstream.respondOnce((asked) => asked.json(200, exchange.body));
      for (const stream of [true, false]) {
        const { status, answer } = await chat({ stream });
        const told = { name: exchange.name, status, finishReason: answer.finishReason, rawFinishReason: answer.rawFinishReason };
        expect(told).toEqual({ name: exchange.name, status: 'succeeded', finishReason, rawFinishReason });
        expect(answer.message).toEqual({ parts, refusal });
      }
    }
  });
}

function describeStandIn({ format, standIn, target }: ContractSubject, on: () => Stage): void {
  const spoken = format.answers.filter(({ name }) => name === 'plain' || name === 'tools' || name === 'schema').filter(standIn.canAsk);

  describe('against an upstream of other make', () => {
    let sandbox: Sandbox;

    beforeAll(async () => {
      sandbox = await startSandbox({ paceMs: 0 });
    });

    afterAll(() => sandbox.close());

    test.each(spoken.map((answer) => [answer.name, answer] as const))('%s, in both forms', async (_, { call, finishReason }) => {
      const ask = async (stream: boolean) => {
        const outcome = await on().caller.chat(makeCall(call), target(new URL(sandbox.baseUrl).origin), callOptions({ stream }));
        expect(outcome).toMatchObject({ status: 'succeeded', answer: { finishReason, ended: true } });
        const { usage, message, ...rest } = outcome.answer;
        // Its two forms differ in which zeros the usage object names; ids are made anew each time.
        return { ...rest, usage: usage && { ...usage, raw: null }, parts: message.parts.map((part) => ({ ...part, id: null })) };
      };
      const [streamed, unary] = [await ask(true), await ask(false)];
      expect(unary.usage).toMatchObject({ source: 'REPORTED' });
      expect(streamed).toEqual({ ...unary, usage: standIn.streamsUsage ? unary.usage : null });
    });
  });
}
