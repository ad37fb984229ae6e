import { describe, expect, test } from '@jest/globals';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { needsBytes } from '../../src/providers/media-needs.js';
import { typeOfFile } from '../../src/providers/media-types.js';
import type { MediaKind } from '../../src/providers/media-types.js';

const URL_OF: Readonly<Record<MediaKind, string>> = { image: 'a.png', audio: 'a.mp3', document: 'a.pdf' };

function part(kind: MediaKind, more: { url?: string; base64?: string; mimeType?: string } = {}) {
  const { base64 = null, mimeType = null } = more;
  const url = base64 === null ? (more.url ?? `https://media.test/${URL_OF[kind]}`) : null;
  return { kind, media: { url, base64, mimeType, name: null } };
}

const place = (wireFormat: WireFormat, more: { preset?: string; upstreamModel?: string } = {}) => ({
  wireFormat,
  preset: more.preset ?? null,
  baseUrl: 'https://vendor.test/v1',
  upstreamModel: more.upstreamModel ?? 'model',
});

describe('which targets need the bytes of what has an address', () => {
  test.each<[WireFormat, string | null, readonly MediaKind[]]>([
    ['BEDROCK_CONVERSE', 'bedrock', ['image', 'audio', 'document']],
    ['OPENAI_CHAT', 'openai', ['audio', 'document']],
    ['OPENAI_CHAT', 'openrouter', ['audio']],
    ['OPENAI_CHAT', 'ollama', ['image']],
    ['OPENAI_CHAT', 'lm-studio', ['image']],
    ['OPENAI_CHAT', 'cerebras', ['image']],
    ['OPENAI_CHAT', 'moonshot', ['image']],
    ['OPENAI_CHAT', 'groq', []],
    ['OPENAI_CHAT', 'deepseek', []],
    ['OPENAI_RESPONSES', 'openai-responses', []],
    ['ANTHROPIC_MESSAGES', 'anthropic', []],
    ['GEMINI', 'gemini', ['image', 'audio', 'document']],
  ])('%s of %s: %j', (wireFormat, preset, kinds) => {
    const target = place(wireFormat, preset === null ? {} : { preset });
    for (const kind of ['image', 'audio', 'document'] as const) {
      expect([kind, needsBytes(part(kind), target)]).toEqual([kind, kinds.includes(kind)]);
      expect(needsBytes(part(kind, { base64: 'aGk=' }), target)).toBe(false);
      expect(needsBytes(part(kind, { url: 'data:image/png;base64,aGk=' }), target)).toBe(false);
    }
  });

  test('Gemini fetches from 2.5 on, with a media type, and what is Google’s own in any case', () => {
    const typed = part('image', { mimeType: 'image/png' });
    expect(needsBytes(typed, place('GEMINI', { upstreamModel: 'gemini-2.5-flash' }))).toBe(false);
    expect(needsBytes(typed, place('GEMINI', { upstreamModel: 'gemini-3-pro' }))).toBe(false);
    expect(needsBytes(typed, place('GEMINI', { upstreamModel: 'gemini-2.0-flash' }))).toBe(true);
    for (const url of ['https://generativelanguage.googleapis.com/v1beta/files/x', 'https://www.youtube.com/watch?v=x'])
      expect(needsBytes(part('document', { url }), place('GEMINI', { upstreamModel: 'gemini-2.0-flash' }))).toBe(false);
  });

  test('Anthropic fetches PDFs, and no other documents', () => {
    expect(needsBytes(part('document', { mimeType: 'application/pdf' }), place('ANTHROPIC_MESSAGES'))).toBe(false);
    expect(needsBytes(part('document', { mimeType: 'text/plain' }), place('ANTHROPIC_MESSAGES'))).toBe(true);
  });
});

describe('what fetched bytes are', () => {
  const latin1 = (text: string) => Buffer.from(text, 'latin1');
  const PNG = latin1('\x89PNG\r\n\x1a\n....');

  test.each<[MediaKind, Buffer, readonly string[], string | null]>([
    ['image', PNG, [], 'image/png'],
    ['image', PNG, ['image/jpeg', 'text/html'], 'image/png'],
    ['image', latin1('\xff\xd8\xff\xe0'), [], 'image/jpeg'],
    ['image', latin1('RIFF....WEBP'), [], 'image/webp'],
    ['image', latin1('RIFF....WAVE'), ['image/webp'], null],
    ['image', latin1('<html>Log in</html>'), ['image/png'], null],
    ['image', latin1('%PDF-1.7'), ['image/png'], null],
    ['image', Buffer.alloc(0), ['image/png'], null],
    ['audio', latin1('RIFF....WAVE'), [], 'audio/wav'],
    ['audio', latin1('ID3\x04'), [], 'audio/mpeg'],
    ['audio', PNG, ['audio/mpeg'], null],
    ['document', latin1('%PDF-1.7'), ['text/html'], 'application/pdf'],
    ['document', PNG, ['application/pdf'], null],
    ['document', latin1('PK\x03\x04...'), ['application/zip'], null],
    ['document', latin1('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'), ['application/msword'], 'application/msword'],
    ['document', Buffer.from('a;b\nä;1\n'), ['text/csv'], 'text/csv'],
    ['document', Buffer.from('words'), ['application/pdf'], null],
    ['document', latin1('\xff\xfe\x00'), ['text/plain'], null],
  ])('%s %j said to be %j: %j', (kind, bytes, said, type) => {
    expect(typeOfFile(kind, { bytes, said })).toBe(type);
  });
});
