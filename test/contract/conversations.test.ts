import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CompletionCall, Message, Part } from '../../src/core/completion.js';
import type { ProviderTarget } from '../../src/providers/contract.js';
import { chatApi, makeCall, makeTarget, message, textPart, toolCallPart } from '../providers/support.js';
import { refusalOf } from './strict-vendors.js';
import { VOICES } from './voices.js';

/** Each format, and models of it that want more than the plain form. */
const TARGETS: readonly (readonly [string, Partial<ProviderTarget>])[] = [
  ...VOICES.map(({ wireFormat }) => [wireFormat, { wireFormat }] as const),
  ['gemini-3.5-flash', { wireFormat: 'GEMINI', upstreamModel: 'gemini-3.5-flash' }],
  ['gemini-2.5-pro', { wireFormat: 'GEMINI', upstreamModel: 'gemini-2.5-pro' }],
  ['claude-sonnet-4-5', { wireFormat: 'ANTHROPIC_MESSAGES', upstreamModel: 'claude-sonnet-4-5' }],
  ['Claude on Bedrock', { wireFormat: 'BEDROCK_CONVERSE', upstreamModel: 'anthropic.claude-sonnet-4-5-v1:0' }],
  ['deepseek', { wireFormat: 'OPENAI_CHAT', preset: 'deepseek' }],
  ['openrouter', { wireFormat: 'OPENAI_CHAT', preset: 'openrouter' }],
];

const thought = (signature: string | null, text: string | null = 'hm'): Part => ({ kind: 'reasoning', text, redacted: null, signature });
const closed = (redacted: string): Part => ({ kind: 'reasoning', text: null, redacted, signature: null });
const result = (id: string, parts: readonly Part[] | string = 'ok', isError = false) => message('TOOL', parts, { toolCallId: id, isError });
const call = (id: string, signature: string | null = null): Part => ({
  kind: 'toolCall',
  id,
  name: 'weather',
  arguments: '{"n":1}',
  signature,
});

function bodyOf(messages: readonly Message[], target: Partial<ProviderTarget>, more: Partial<CompletionCall> = {}) {
  const whole = makeTarget(target);
  const tools = [
    { name: 'weather', description: null, parameters: { type: 'object', properties: { n: { type: 'integer' } } }, strict: null },
  ];
  const options = { stream: true, refusedParameters: new Set<string>() };
  const { body, warnings } = chatApi(whole.wireFormat).toRequest(makeCall({ messages, tools, ...more }), whole, options);
  return { body, warnings, text: JSON.stringify(body), refusal: refusalOf(whole, body) };
}

const REASONING = { reasoning: { effort: 'HIGH', maxTokens: null } } as const;
const USER = message('USER', 'Weather?');

function ownSignatures({ wireFormat, upstreamModel }: ProviderTarget): readonly string[] {
  switch (wireFormat) {
    case 'ANTHROPIC_MESSAGES':
      return ['EqQB', 'EmwK'];
    case 'BEDROCK_CONVERSE':
      return upstreamModel.startsWith('anthropic.') ? ['EqQB'] : [];
    case 'GEMINI':
      return ['CiQB'];
    case 'OPENAI_RESPONSES':
      return ['gAAA'];
    case 'OPENAI_CHAT':
      return [];
  }
}

describe.each(TARGETS)('%s', (_, target) => {
  const ask = (...messages: readonly Message[]) => bodyOf(messages, target);

  test('P3 a thought that is signed, one that is closed, text and two calls: own ones go back, others’ do not, and it is told', () => {
    const parts = [
      thought('EqQB'),
      closed('EmwK'),
      thought('gemini:CiQB'),
      thought('rs_1:gAAA'),
      thought(null),
      textPart('Look:'),
      call('a'),
      call('b'),
    ];
    const { refusal, text, warnings } = ask(USER, message('ASSISTANT', parts), result('a'), result('b'));
    expect(refusal).toBeNull();
    const mine = ownSignatures(makeTarget(target));
    for (const signature of ['EqQB', 'EmwK', 'CiQB', 'gAAA'])
      expect([signature, text.includes(signature)]).toEqual([signature, mine.includes(signature)]);
    expect(warnings).toContainEqual(expect.stringMatching(/^Reasoning of earlier turns was left out|^The reasoning/));
  });

  test('P5 a result that looks like a reference is opaque text', () => {
    const words = '{"$ref":"#/x"}';
    const { refusal, text } = ask(USER, message('ASSISTANT', [call('a')]), result('a', words));
    expect(refusal).toBeNull();
    expect(text).toContain(JSON.stringify(words).slice(1, -1));
    expect(text).not.toContain('"$ref":');
  });

  test('P6 three results in three messages, one of them twice, the order mixed, text between', () => {
    const { refusal, text } = ask(
      USER,
      message('ASSISTANT', [call('a'), call('b'), call('c')]),
      result('c', 'of c'),
      message('USER', 'Between'),
      result('a', 'of a'),
      result('c', 'of c'),
      result('b', 'of b'),
    );
    expect(refusal).toBeNull();
    for (const words of ['of a', 'of b', 'of c', 'Between']) expect(text.split(words)).toHaveLength(2);
    expect(text.indexOf('Between')).toBeGreaterThan(Math.max(...['of a', 'of b', 'of c'].map((words) => text.indexOf(words))));
  });

  test('P8 blanks that a provider itself produced are removed, and the message stays valid', () => {
    const answer = message('ASSISTANT', [textPart(''), thought('EqQB', ''), call('a')]);
    const { refusal, text } = ask(
      message('USER', ' '),
      USER,
      answer,
      result('a'),
      message('USER', ' \n'),
      message('ASSISTANT', ' '),
      message('USER', 'Go'),
    );
    expect(refusal).toBeNull();
    // A thought may be empty, where it is signed.
    expect(text.replaceAll('{"text":"","signature":', '')).not.toMatch(/"(text|content)":"\s*"/);
  });

  const any = fc.oneof(fc.constantFrom('', ' ', '\n'), fc.string({ maxLength: 5 }));
  const spoken = fc.oneof(
    any.map(textPart),
    fc.constantFrom(
      thought('EqQB'),
      thought('EqQB', ''),
      closed('EmwK'),
      thought('gemini:CiQB'),
      thought('rs_1:gAAA'),
      thought(null),
      thought(null, ''),
    ),
  );
  const turn = fc.record({
    before: fc.array(fc.tuple(fc.constantFrom('USER' as const, 'SYSTEM' as const), any), { maxLength: 3 }),
    parts: fc.array(spoken, { maxLength: 4 }),
    calls: fc.array(fc.tuple(fc.constantFrom('a', 'b.1', 'c/ü', 'd'), fc.constantFrom(null, 'CiQB')), { maxLength: 3 }),
    seed: fc.array(fc.nat(9), { minLength: 8, maxLength: 8 }),
  });

  test('P3 P6 P8 whatever was said by whom, and whenever results came, no vendor has anything to refuse', () => {
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 4 }), fc.boolean(), (turns, reasons) => {
        const messages = [...turns.flatMap(messagesOf), message('USER', 'Go')];
        expect(bodyOf(messages, target, reasons ? REASONING : {}).refusal).toBeNull();
      }),
      { numRuns: 60 },
    );
  });
});

type Turn = {
  readonly before: readonly (readonly ['USER' | 'SYSTEM', string])[];
  readonly parts: readonly Part[];
  readonly calls: readonly (readonly [string, string | null])[];
  readonly seed: readonly number[];
};

/** What the input's own check lets through: every call of a turn is answered before the next, in any order, some twice. */
function messagesOf({ before, parts, calls, seed }: Turn): readonly Message[] {
  const named = [...new Map(calls)].map(([id, signature]) => call(id, signature));
  const ids = named.flatMap((part) => (part.kind === 'toolCall' ? [part.id] : []));
  const answers = [...ids, ...ids.slice(0, (seed[0] ?? 0) % 2)].map((id, position) =>
    (seed[position + 1] ?? 0) % 4 === 0 ? [message('USER', 'meanwhile'), result(id)] : [result(id, 'x', position % 2 === 1)],
  );
  const ordered = (seed[7] ?? 0) % 2 === 0 ? answers : answers.toReversed();
  return [...before.map(([role, words]) => message(role, words)), message('ASSISTANT', [...parts, ...named]), ...ordered.flat()];
}

test('P8 an answer of calls alone has no empty text: its content is null', () => {
  const { body } = bodyOf([USER, message('ASSISTANT', [textPart(''), toolCallPart('a')]), result('a')], { wireFormat: 'OPENAI_CHAT' });
  expect(body['messages']).toMatchObject([{}, { role: 'assistant', content: null }, {}]);
});
