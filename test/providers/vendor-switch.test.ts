import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.js';
import type { Message, Part } from '../../src/core/completion.js';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { createUpstreamCaller } from '../../src/providers/caller.js';
import type { UpstreamCaller } from '../../src/providers/contract.js';
import { bytesOf } from '../contract/recorded.js';
import { refusalOf } from '../contract/strict-vendors.js';
import { startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream, UpstreamHandler } from '../kit/scripted-upstream.js';
import { createHandClient } from '../inference/hand-client.js';
import { callOptions, framesOf, goldenExchanges, makeCall, makeTarget, message } from './support.js';

/** Answers so, unless the vendor would have refused: then with its 400. */
function strictly(target: { wireFormat: WireFormat; upstreamModel: string }, answer: UpstreamHandler): UpstreamHandler {
  return (exchange) => {
    const refusal = refusalOf(target, exchange.request.json ?? {});
    return refusal === null ? answer(exchange) : exchange.json(400, { error: { message: refusal }, message: refusal });
  };
}

describe('a conversation that changes its vendor in the middle', () => {
  let upstream: ScriptedUpstream;
  let caller: UpstreamCaller;

  beforeEach(async () => {
    upstream = await startScriptedUpstream();
    caller = createUpstreamCaller({ clock: systemClock, adapters: WIRE_FORMAT_ADAPTERS });
  });

  afterEach(async () => {
    await caller.close();
    await upstream.close();
  });

  const recorded = (folder: string, name: string) => goldenExchanges(folder).find((exchange) => exchange.name === name)?.body;

  /** One turn: what the vendor was sent, and the conversation with its answer and a result for each of its calls. */
  async function turn(messages: readonly Message[], given: { wireFormat: WireFormat; upstreamModel: string; body: unknown }) {
    upstream.respondOnce(strictly(given, (exchange) => exchange.json(200, given.body)));
    const target = makeTarget({ wireFormat: given.wireFormat, baseUrl: upstream.baseUrl, upstreamModel: given.upstreamModel });
    const outcome = await caller.chat(makeCall({ messages }), target, callOptions({ stream: false }));
    expect(outcome.status).toBe('succeeded');
    const parts = outcome.answer.message.parts.filter((part): part is Part & typeof part => part.kind !== 'media');
    const results = parts.flatMap((part) =>
      part.kind === 'toolCall' ? [message('TOOL', `of ${part.name}`, { toolCallId: part.id })] : [],
    );
    const { json } = await upstream.nextRequest();
    return { sent: json ?? {}, text: JSON.stringify(json), next: [...messages, message('ASSISTANT', parts), ...results] };
  }

  test('P3 P6 five turns, Anthropic, Gemini, OpenAI and back: each vendor gets its own signatures and every result beside its call', async () => {
    const claude = { wireFormat: 'ANTHROPIC_MESSAGES', upstreamModel: 'claude-sonnet-4-5' } as const;
    const gemini = { wireFormat: 'GEMINI', upstreamModel: 'gemini-3.5-flash' } as const;
    const openai = { wireFormat: 'OPENAI_CHAT', upstreamModel: 'gpt-5.4' } as const;
    const first = await turn([message('SYSTEM', 'Be brief.'), message('USER', 'Weather?')], {
      ...claude,
      body: recorded('anthropic', 'thinking-tools'),
    });
    const second = await turn(first.next, { ...gemini, body: recorded('gemini', 'parallel-tools') });
    expect(second.text).not.toMatch(/EqQB|EmwK/);
    expect(second.sent).toMatchObject({
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: [
        { role: 'user' },
        {
          role: 'model',
          parts: [{ text: 'Let me look.' }, { thoughtSignature: 'skip_thought_signature_validator' }, { functionCall: { name: 'clock' } }],
        },
        { role: 'user', parts: [{ functionResponse: { name: 'weather' } }, { functionResponse: { name: 'clock' } }] },
      ],
    });
    const third = await turn(second.next, { ...openai, body: recorded('openai-chat', 'openai-parallel-tools') });
    expect(third.text).not.toMatch(/EqQB|EmwK|sig\+one/);
    const roles = (third.sent['messages'] as { role: string }[]).map(({ role }) => role);
    expect(roles).toEqual(['system', 'user', 'assistant', 'tool', 'tool', 'assistant', 'tool', 'tool']);
    const fourth = await turn(third.next, { ...claude, body: recorded('anthropic', 'text') });
    expect(fourth.text).not.toMatch(/sig\+one|skip_thought/);
    const sides = fourth.sent['messages'] as {
      role: string;
      content: { type: string; id?: string; tool_use_id?: string; signature?: string }[];
    }[];
    expect(sides.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user', 'assistant', 'user']);
    expect(sides[1]?.content.map(({ type }) => type)).toEqual(['thinking', 'redacted_thinking', 'text', 'tool_use', 'tool_use']);
    for (const [position, side] of sides.entries()) {
      const called = side.content.flatMap(({ id }) => id ?? []);
      if (called.length > 0) expect(sides[position + 1]?.content.map((block) => block.tool_use_id)).toEqual(called);
    }
    const asked = [...fourth.next, message('USER', 'Thanks. And now?')];
    const fifth = await turn(asked, { ...gemini, body: recorded('gemini', 'signature-on-text') });
    expect(fifth.text).toContain('CiQB/sig+one==');
    expect(fifth.text).not.toMatch(/EqQB|skip_thought/);
  });
});

/** Recorded answers with calls in them, and the models that gave them. */
const VENDORS = {
  claude: { wireFormat: 'ANTHROPIC_MESSAGES', upstreamModel: 'claude-sonnet-4-5', recorded: ['anthropic', 'thinking-tools'] },
  gemini: { wireFormat: 'GEMINI', upstreamModel: 'gemini-3.5-flash', recorded: ['gemini', 'parallel-tools'] },
  openai: { wireFormat: 'OPENAI_CHAT', upstreamModel: 'gpt-5.4', recorded: ['openai-chat', 'openai-parallel-tools'] },
  responses: { wireFormat: 'OPENAI_RESPONSES', upstreamModel: 'gpt-5.4', recorded: ['openai-responses', 'reasoning-tools'] },
  bedrock: {
    wireFormat: 'BEDROCK_CONVERSE',
    upstreamModel: 'anthropic.claude-sonnet-4-6-v1:0',
    recorded: ['bedrock', 'thinking-tools'],
  },
} as const satisfies Record<string, { wireFormat: WireFormat; upstreamModel: string; recorded: readonly [string, string] }>;
type Vendor = keyof typeof VENDORS;

function orders(of: readonly Vendor[]): readonly (readonly Vendor[])[] {
  return of.length < 2 ? [of] : of.flatMap((first) => orders(of.filter((one) => one !== first)).map((rest) => [first, ...rest]));
}

describe('P3 P6 five turns with calls and thoughts, each by another vendor, which thinks about what the others said', () => {
  const hand = createHandClient();
  const caller = hand.caller(systemClock);
  const exchanges = new Map(
    Object.values(VENDORS).map(({ wireFormat, recorded: [folder, name] }) => [
      wireFormat,
      goldenExchanges(folder).find((exchange) => exchange.name === name),
    ]),
  );

  /** The answer of one vendor, streamed or whole, to what it would not refuse. */
  async function turnOf(vendor: Vendor, messages: readonly Message[], stream: boolean) {
    const { wireFormat, upstreamModel } = VENDORS[vendor];
    const exchange = exchanges.get(wireFormat);
    if (exchange === undefined) throw new Error(`${vendor} has no recorded answer`);
    const refusals: string[] = [];
    hand.script = (upstream) => {
      const refusal = refusalOf(VENDORS[vendor], upstream.body);
      if (refusal !== null) {
        refusals.push(refusal);
        upstream.json(400, { message: refusal });
      } else if (stream) {
        upstream.begin(wireFormat === 'BEDROCK_CONVERSE' ? 'application/vnd.amazon.eventstream' : 'text/event-stream');
        upstream.send(bytesOf(framesOf(exchange), wireFormat));
        upstream.end();
      } else upstream.json(200, exchange.body);
    };
    const target = makeTarget({ wireFormat, upstreamModel });
    const call = makeCall({ messages, reasoning: { effort: 'LOW', maxTokens: null } });
    const outcome = await caller.chat(call, target, callOptions({ stream }));
    expect([vendor, refusals, outcome.status]).toEqual([vendor, [], 'succeeded']);
    const parts = outcome.answer.message.parts.filter((part): part is Part & typeof part => part.kind !== 'media');
    const results = parts.flatMap((part) => (part.kind === 'toolCall' ? [message('TOOL', 'ok', { toolCallId: part.id })] : []));
    return [...messages, message('ASSISTANT', parts), ...results.toReversed()];
  }

  test('in a third of all orders, in which each follows each, streamed and whole by turns', async () => {
    const all = orders(['claude', 'gemini', 'openai', 'responses', 'bedrock']);
    for (const [position, order] of all.filter((_, each) => each % 3 === 0).entries()) {
      let messages: readonly Message[] = [message('SYSTEM', 'Be brief.'), message('USER', 'Weather?')];
      for (const [index, vendor] of order.entries()) messages = await turnOf(vendor, messages, (position + index) % 2 === 0);
      expect(messages.filter(({ role }) => role === 'ASSISTANT')).toHaveLength(5);
    }
  });
});
