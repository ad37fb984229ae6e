import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MEDIA_TOKENS, estimatePrompt, tokensOfText } from '../../src/accounting/token-estimate.js';
import type { CompletionCall, Message, Part } from '../../src/core/completion.js';

const EMPTY: CompletionCall = {
  model: 'm',
  routing: null,
  messages: [],
  tools: [],
  toolChoice: null,
  parallelToolCalls: null,
  responseFormat: null,
  reasoning: null,
  maxOutputTokens: null,
  temperature: null,
  topP: null,
  stop: [],
  seed: null,
  frequencyPenalty: null,
  presencePenalty: null,
  task: null,
  timeoutMs: null,
  onDisconnect: null,
  user: null,
  sessionId: null,
  tags: [],
  providerOptions: null,
  maxCost: null,
};

const message = (...parts: Part[]): Message => ({ role: 'USER', parts, toolCallId: null, isError: false });
const text = (words: string): Part => ({ kind: 'text', text: words, signature: null });
const prompt = (...messages: Message[]) => estimatePrompt({ ...EMPTY, messages });

describe('the estimate of a prompt', () => {
  test.each([
    ['', 0],
    ['a', 1],
    ['four', 1],
    ['fiver', 2],
    ['日本語', 3],
    ['🙂', 1],
  ])('%j is %d tokens', (words, tokens) => {
    expect(tokensOfText(words)).toBe(tokens);
  });

  test('a message costs three beside its words, and the answer three to prime', () => {
    expect(prompt(message(text('x'.repeat(40))))).toBe(3 + 3 + 10);
    expect(prompt(message(text('x'.repeat(20))), message(text('x'.repeat(20))))).toBe(3 + 6 + 10);
  });

  test('a short prompt is at most twenty tokens off', () => {
    // "Hello, how are you?" is 6 tokens, 13 with one message's frame, by o200k_base.
    expect(Math.abs(prompt(message(text('Hello, how are you?'))) - 13)).toBeLessThanOrEqual(20);
  });

  test.each(['image', 'audio', 'document'] as const)('%s is a constant, however many bytes it has', (kind) => {
    const media = (base64: string): Part => ({ kind, media: { url: null, base64, mimeType: null, name: null } });
    const bare = prompt(message(text('look')));
    expect(prompt(message(text('look'), media('AAAA'))) - bare).toBe(MEDIA_TOKENS[kind]);
    expect(prompt(message(text('look'), media('A'.repeat(10_000)))) - bare).toBe(MEDIA_TOKENS[kind]);
  });

  test('system words, calls, thoughts, tools and the schema count', () => {
    const bare = estimatePrompt(EMPTY);
    const system: Message = { ...message(text('x'.repeat(400))), role: 'SYSTEM' };
    expect(prompt(system) - bare).toBe(3 + 100);
    const call: Part = { kind: 'toolCall', id: 'c', name: 'look', arguments: 'x'.repeat(36), signature: null };
    expect(prompt(message(call)) - bare).toBe(3 + 10);
    const thought: Part = { kind: 'reasoning', text: 'x'.repeat(20), redacted: 'y'.repeat(20), signature: null };
    expect(prompt(message(thought)) - bare).toBe(3 + 10);
    const tools = [{ name: 'abcd', description: 'efgh', parameters: { type: 'object' }, strict: null }];
    expect(estimatePrompt({ ...EMPTY, tools }) - bare).toBe(Math.ceil((4 + 4 + '{"type":"object"}'.length) / 4));
    const responseFormat = { kind: 'jsonSchema', name: 'abcd', schema: { type: 'object' }, strict: true } as const;
    expect(estimatePrompt({ ...EMPTY, responseFormat }) - bare).toBe(Math.ceil((4 + '{"type":"object"}'.length) / 4));
    expect(estimatePrompt({ ...EMPTY, responseFormat: { kind: 'json' } })).toBe(bare);
  });

  test('more words are never fewer tokens, and it is always a whole number', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (left, right) => {
        const both = prompt(message(text(left), text(right)));
        expect(both).toBeGreaterThanOrEqual(prompt(message(text(left))));
        expect(Number.isSafeInteger(both)).toBe(true);
      }),
    );
  });
});
