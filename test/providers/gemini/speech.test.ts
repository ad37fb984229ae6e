import { describe, expect, test } from '@jest/globals';
import type { Part, SpeechConfig } from '@google/genai';
import fc from 'fast-check';
import type { SpeechCall } from '../../../src/core/operations.js';
import { UnreadableBody } from '../../../src/providers/contract.js';
import { fromWav, toWav } from '../../../src/providers/gemini/wav.js';
import { operationOf, speech } from '../operations-support.js';
import { recorded } from './recorded.js';

const { request, answer } = operationOf('GEMINI', 'SPEECH');
const wav = (changes: Partial<SpeechCall> = {}) => speech({ format: 'WAV', voice: 'Kore', ...changes });

/** What both parts of the body that differ from model to model must be. */
function bodyWith(part: Part, speechConfig: SpeechConfig) {
  return { contents: [{ role: 'user', parts: [part] }], generationConfig: { responseModalities: ['AUDIO'], speechConfig } };
}

describe('the request', () => {
  test.each([
    ['gemini-2.5-flash-preview-tts', { prebuiltVoiceConfig: { voiceName: 'Kore' } }],
    ['gemini-3.1-flash-tts-preview', { prebuiltVoiceConfig: { voiceName: 'Kore' } }],
    ['gemini-3.8-flash-tts', { voice: 'Kore' }],
    ['gemini-4-pro-tts', { voice: 'Kore' }],
  ])('K4 asks %s in the words that it takes', (upstreamModel, voiceConfig) => {
    expect(request(wav(), { target: { upstreamModel } })).toEqual({
      path: `/models/${upstreamModel}:generateContent`,
      headers: {},
      body: bodyWith({ text: 'Good morning' }, { voiceConfig }),
      warnings: [],
    });
  });

  test('style stands beside the text where the model reads that as it is, and before it otherwise, told', () => {
    const call = wav({ instructions: 'Whisper' });
    const beside = request(call, { target: { upstreamModel: 'models/gemini-3.8-flash-lite-tts' } });
    expect(beside.body).toEqual(
      bodyWith({ text: 'Good morning', speechMetadata: { style: 'Whisper' } }, { voiceConfig: { voice: 'Kore' } }),
    );
    expect(beside.warnings).toEqual([]);
    const before = request(call, { target: { upstreamModel: 'gemini-2.5-pro-tts' } });
    expect(before.body).toMatchObject({ contents: [{ parts: [{ text: 'Whisper: Good morning' }] }] });
    expect(before.warnings).toEqual([expect.stringContaining('instructions were put before the text')]);
  });

  test('the model’s slug counts where the upstream’s name is opaque, and never an alias', () => {
    const target = { upstreamModel: '4711', model: 'gemini-2.5-flash-tts' };
    expect(request(wav({ model: 'gemini-3.8-flash-tts' }), { target }).body).toMatchObject({
      generationConfig: { speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } } },
    });
  });

  test('what the vendor has no form for is told', () => {
    const { warnings } = request(wav({ format: 'OPUS', speed: 2, user: 'ann' }), { target: { upstreamModel: 'gemini-3.8-flash-tts' } });
    expect(warnings.join('\n')).toMatch(/user was left out[^]*speed was left out[^]*answered as WAV: the provider speaks no OPUS/);
  });

  test('the caller’s own fields join ours', () => {
    const providerOptions = { GEMINI: { generationConfig: { speechConfig: { languageCode: 'de' } } } };
    expect(request(wav({ providerOptions })).body).toMatchObject({
      generationConfig: { responseModalities: ['AUDIO'], speechConfig: { languageCode: 'de' } },
    });
  });
});

const SAMPLES = [0, 1_000, -1_000, 32_767, -32_768, 5];

function samplesOf(base64: string): number[] {
  const bytes = Buffer.from(base64, 'base64');
  return Array.from({ length: bytes.byteLength / 2 }, (_, index) => bytes.readInt16LE(index * 2));
}

function spoken(name: string, format: SpeechCall['format']) {
  const { result, usage } = answer(recorded(name), wav({ format, text: 'Hi 🌞' }));
  if (result?.operation !== 'SPEECH') throw new Error('it must be speech');
  return { ...result, usage };
}

describe('the answer', () => {
  test.each([['speech-l16'], ['speech-wav']])('%s is samples or a file, whichever was asked for', (name) => {
    const raw = spoken(name, 'PCM');
    expect(raw.mimeType).toBe('audio/pcm');
    expect(samplesOf(raw.base64)).toEqual(SAMPLES);
    for (const format of ['WAV', 'MP3'] as const) {
      const file = spoken(name, format);
      const pcm = fromWav(Buffer.from(file.base64, 'base64'));
      expect([file.mimeType, pcm?.rate, samplesOf(pcm?.samples.toString('base64') ?? '')]).toEqual(['audio/wav', 24_000, SAMPLES]);
    }
  });

  test('C10 is billed by the tokens of its sound, or by the characters of the text', () => {
    expect(spoken('speech-l16', 'WAV').usage).toMatchObject({ input: 8, output: 0, audioOutput: 48, units: { CHARACTER: 4 } });
  });

  test('in several parts, at another rate, is one recording', () => {
    const part = (sample: number) => ({ inlineData: { mimeType: 'audio/L16;rate=16000', data: Buffer.of(sample, 0).toString('base64') } });
    const { result } = answer({ candidates: [{ content: { parts: [part(1), part(2)] }, finishReason: 'STOP' }] }, wav({ format: 'PCM' }));
    expect(result).toEqual({ operation: 'SPEECH', mimeType: 'audio/pcm;rate=16000', base64: Buffer.of(1, 0, 2, 0).toString('base64') });
  });

  test('of another kind, which only the caller’s own fields can ask for, is handed on', () => {
    const body = { candidates: [{ content: { parts: [{ inlineData: { mimeType: 'audio/ogg; codecs=opus', data: 'T2dnUw==' } }] } }] };
    expect(answer(body, wav()).result).toEqual({ operation: 'SPEECH', mimeType: 'audio/ogg', base64: 'T2dnUw==' });
  });

  test.each([
    ['nothing', recorded('speech-other'), 'OTHER'],
    ['half of it', { candidates: [{ content: { parts: [{ inlineData: { mimeType: 'audio/wav', data: 'UklGRg==' } }] }, finishReason: 'MAX_TOKENS' }] }, 'MAX_TOKENS'],
  ])('with %s is a failure that another target may answer', (_name, body, words) => {
    expect(answer(body, wav()).failure).toMatchObject({ class: 'BAD_RESPONSE', detail: expect.stringContaining(words) });
  }); // prettier-ignore

  test('is unreadable where its bytes are cut off', () => {
    const body = { candidates: [{ content: { parts: [{ inlineData: { mimeType: 'audio/L16;rate=24000', data: 'AAAAA' } }] } }] };
    expect(() => answer(body, wav())).toThrow(UnreadableBody);
  });
});

describe('a WAV file', () => {
  test('holds the samples it was made of, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 2 ** 32 - 1 }).map((rate) => rate >>> 1), (bytes, rate) => {
        expect(fromWav(toWav({ samples: Buffer.from(bytes), rate }))).toEqual({ samples: Buffer.from(bytes), rate });
      }),
    );
  }); // prettier-ignore

  test('is read as far as it goes, whatever follows its name', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const file = Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE'), bytes]);
        expect(() => fromWav(file)).not.toThrow();
      }),
    );
    const stereo = toWav({ samples: Buffer.alloc(4), rate: 8_000 });
    stereo.writeUInt16LE(2, 22);
    expect(fromWav(stereo)).toBeNull();
    expect(fromWav(toWav({ samples: Buffer.alloc(0), rate: 8_000 }).subarray(0, 30))).toBeNull();
    expect(fromWav(Buffer.from('OggS'))).toBeNull();
  });
});
