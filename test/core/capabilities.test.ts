import { expect, test } from '@jest/globals';
import { lacks, needsOf } from '../../src/core/capabilities.js';
import type { Part } from '../../src/core/completion.js';
import { CAPABILITIES } from '../../src/core/vocabulary.js';
import type { Capability } from '../../src/core/vocabulary.js';
import { makeCall, message } from '../providers/support.js';

const media = { url: null, base64: 'AAAA', mimeType: null, name: null };
const tools = [{ name: 'f', description: null, parameters: { type: 'object' }, strict: null }];
const withPart = (part: Part) => makeCall({ messages: [message('USER', [part])] });

test.each([
  ['words', makeCall(), []],
  ['tools', makeCall({ tools }), ['TOOLS']],
  ['tools that none may be called of', makeCall({ tools, toolChoice: { kind: 'mode', mode: 'NONE' } }), []],
  ['an image', withPart({ kind: 'image', media }), ['VISION']],
  ['a sound', withPart({ kind: 'audio', media }), ['AUDIO_INPUT']],
  ['a document', withPart({ kind: 'document', media }), ['DOCUMENTS']],
  [
    'tools and an image of an earlier turn',
    makeCall({ tools, messages: [message('USER', [{ kind: 'image', media }]), message('USER', 'And?')] }),
    ['TOOLS', 'VISION'],
  ],
  ['what there is another way for', makeCall({ reasoning: { effort: 'HIGH', maxTokens: null }, responseFormat: { kind: 'json' } }), []],
] as const)('a call with %s needs %j', (_, call, expected) => {
  expect(needsOf(call).map(({ capability }) => capability)).toEqual(expected);
});

test('a model of which nothing is known lacks nothing; one of which something is known lacks the rest', () => {
  for (const capability of CAPABILITIES) {
    expect(lacks(new Set<Capability>(), capability)).toBe(false);
    expect(lacks(new Set<Capability>(['STREAMING']), capability)).toBe(false);
    expect(lacks(new Set<Capability>(['STREAMING', 'TOOLS']), capability)).toBe(capability !== 'STREAMING' && capability !== 'TOOLS');
    expect(lacks(new Set<Capability>(['TOOLS']), capability)).toBe(capability !== 'TOOLS');
  }
});
