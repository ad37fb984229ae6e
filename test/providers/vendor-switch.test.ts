import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.js';
import type { Message, Part } from '../../src/core/completion.js';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { createUpstreamCaller } from '../../src/providers/caller.js';
import type { UpstreamCaller } from '../../src/providers/contract.js';
import { startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream } from '../kit/scripted-upstream.js';
import { callOptions, goldenExchanges, makeCall, makeTarget, message } from './support.js';

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
    upstream.respondOnce((exchange) => exchange.json(200, given.body));
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
