import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { UnreadableBody } from '../../src/providers/contract.js';
import type { SseFrame } from '../../src/providers/contract.js';
import { createSseDecoder } from '../../src/providers/sse.js';
import { DONE, chatFrame, chatStream, finishFrame, sse, usageFrame } from '../kit/chat-frames.js';
import { answerOf, openAiChatApi } from './support.js';

const TEXT = '안녕하세요 🌍 ą€漢';

function decode(chunks: readonly Uint8Array[]): readonly SseFrame[] {
  const frames: SseFrame[] = [];
  const decoder = createSseDecoder((frame) => frames.push(frame));
  for (const chunk of chunks) decoder.push(chunk);
  decoder.end();
  return frames;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const whole = (text: string) => decode([bytesOf(text)]);

/** Deltas of a body that arrives in these pieces. */
function deltasOf(chunks: readonly Uint8Array[]) {
  const reader = openAiChatApi().createStreamReader();
  return [...decode(chunks).flatMap((frame) => reader.read(frame)), ...reader.close()];
}

function pieces(bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, position) => bytes.slice(edges[position], edge));
}

describe('bytes to events', () => {
  const body = bytesOf(
    [
      chatFrame({ content: TEXT }),
      chatFrame({ tool_calls: [{ index: 0, id: 'a', function: { name: 'say', arguments: `{"text":"${TEXT}"}` } }] }),
      finishFrame('stop'),
      usageFrame(),
      DONE,
    ].join(''),
  );
  const unsplit = deltasOf([body]);

  test('S1 a multi-byte text split at every byte offset is unchanged, also inside tool arguments', () => {
    for (let cut = 0; cut <= body.length; cut += 1) {
      const { message } = answerOf(deltasOf(pieces(body, [cut])));
      expect(message.parts).toMatchObject([{ text: TEXT }, { arguments: `{"text":"${TEXT}"}` }]);
    }
  });

  test('S1 byte by byte it is unchanged, without U+FFFD', () => {
    const answer = answerOf(deltasOf([...body].map((byte) => Uint8Array.of(byte))));
    expect(answer).toEqual(answerOf(unsplit));
    expect(JSON.stringify(answer)).not.toContain('\uFFFD');
  });

  test('S1 a truncated character at the end is an error, not hidden', () => {
    const cut = bytesOf(`data: {"x":"🌍`).slice(0, -2);
    expect(() => decode([cut])).toThrow(UnreadableBody);
  });

  test('S1 bytes that are no UTF-8 are an error', () => {
    expect(() => decode([bytesOf('data: "'), Uint8Array.of(0xff, 0xfe), bytesOf('"\n\n')])).toThrow(UnreadableBody);
  });

  test('S1 what was whole before them counts, however the bytes are cut, also within the character before', () => {
    const broken = Buffer.concat([
      bytesOf('data: 1\n\ndata: "漢"\r\r: 漢\ndata: 3\n\ndata: '),
      Uint8Array.of(0xff),
      bytesOf('\n\ndata: 5\n\n'),
    ]);
    for (let cut = 0; cut <= broken.length; cut += 1) {
      const frames: SseFrame[] = [];
      const decoder = createSseDecoder((frame) => frames.push(frame));
      expect(() => pieces(broken, [cut]).forEach(decoder.push)).toThrow(UnreadableBody);
      expect(frames.map(({ data }) => data)).toEqual(['1', '"漢"', '3']);
    }
  });

  test('S2 any split of the bytes gives the same deltas', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(body.length), { maxLength: 12 }), (cuts) => {
        expect(deltasOf(pieces(body, cuts))).toEqual(unsplit);
      }),
    );
  });

  test('S2 split in a key, in the blank line, and five events in one chunk', () => {
    const text = chatStream(['a', 'b']).join('');
    const reference = whole(text);
    const inKey = text.indexOf('"choices"') + 4;
    const inBlank = text.indexOf('\n\n') + 1;
    expect(decode(pieces(bytesOf(text), [inKey, inBlank]))).toEqual(reference);
    expect(reference.length).toBeGreaterThanOrEqual(5);
  });

  test('S3 colons, spaces and quotes inside content, and no space behind the field’s colon', () => {
    const content = '": [": "data: x: y"';
    expect(answerOf(deltasOf([bytesOf(chatFrame({ content }) + DONE)])).message.parts).toMatchObject([{ text: content }]);
    expect(whole('data:{"a":1}\n\n')).toEqual([{ event: null, data: '{"a":1}' }]);
  });

  test('S4 comments, blank lines, other fields, CRLF and a byte order mark are no events', () => {
    const noisy = `\uFEFF: ping - 2\r\n\r\n\r\nevent: message\r\nid: 7\r\nretry: 10\r\ndata: {"a":1}\r\n\r\n: OPENROUTER PROCESSING\n\nfoo: bar\ndata: {"b":2}\n\n`;
    const expected = [
      { event: 'message', data: '{"a":1}' },
      { event: null, data: '{"b":2}' },
    ];
    expect(whole(noisy)).toEqual(expected);
    expect(decode([...bytesOf(noisy)].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
  });

  test('data over several lines is one event', () => {
    expect(whole('data: {"a":\ndata: 1}\n\n')).toEqual([{ event: null, data: '{"a":\n1}' }]);
  });

  test('a last event without its blank line counts when it is whole, and not when it is torn', () => {
    expect(whole('data: {"a":1}\n\ndata: [DONE]')).toHaveLength(2);
    expect(whole('data: {"a":1}\n\ndata: {"b":2}\n')).toHaveLength(2);
    expect(whole('data: {"a":1}\n\ndata: {"b":')).toHaveLength(1);
  });

  test('an event beyond all measure is refused instead of kept', () => {
    const decoder = createSseDecoder(() => undefined);
    const piece = bytesOf('x'.repeat(1024 * 1024));
    expect(() => {
      decoder.push(bytesOf('data: '));
      for (let megabytes = 0; megabytes < 40; megabytes += 1) decoder.push(piece);
    }).toThrow(UnreadableBody);
  });

  test('an event field names the event', () => {
    expect(whole(`event: error\n${sse({ error: 'x' })}`)).toEqual([{ event: 'error', data: '{"error":"x"}' }]);
  });
});
