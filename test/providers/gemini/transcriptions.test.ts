import { describe, expect, test } from '@jest/globals';
import type { AudioTranscriptionConfig, Part, WordInfo } from '@google/genai';
import fc from 'fast-check';
import { FileBytes, UploadedFile } from '../../../src/core/files.js';
import type { TranscriptionCall } from '../../../src/core/operations.js';
import { UnreadableBody, Untranslatable } from '../../../src/providers/contract.js';
import { segmentsOf, turnsOf } from '../../../src/providers/gemini/transcript.js';
import { operationOf, transcription } from '../operations-support.js';
import { recorded } from './recorded.js';

const { request, answer } = operationOf('GEMINI', 'TRANSCRIPTION');
const TRANSCRIBER = { upstreamModel: 'gemini-3.5-transcribe' };
const LISTENER = { upstreamModel: 'gemini-3.8-flash' };

function heard(start: string, mimeType: string | null = 'audio/mpeg'): Pick<TranscriptionCall, 'audio'> {
  const pieces = [Buffer.from(start.slice(0, 5), 'latin1'), Buffer.from(start.slice(5), 'latin1')];
  return { audio: new UploadedFile(new FileBytes(pieces), null, mimeType) };
}

const inline = (mimeType: string, start: string): Part => ({
  inlineData: { mimeType, data: Buffer.from(start, 'latin1').toString('base64') },
});

describe('the request', () => {
  test('K4 a model made for it is sent the recording alone', () => {
    expect(request(transcription(heard('ID3 sound')), { target: TRANSCRIBER })).toEqual({
      path: '/models/gemini-3.5-transcribe:generateContent',
      headers: {},
      body: { contents: [{ role: 'user', parts: [inline('audio/mpeg', 'ID3 sound')] }] },
      warnings: [],
    });
  });

  test('and what is asked beside it in its own words, or it is told', () => {
    const audioTranscriptionConfig: AudioTranscriptionConfig = { languageCodes: ['de'], wordTimestamp: true };
    const call = transcription({ language: 'de', timestamps: true, prompt: 'Reiher', user: 'ann' });
    const { body, warnings } = request(call, { target: { upstreamModel: '4711', model: 'gemini-3.5-transcribe' } });
    expect(body).toMatchObject({ generationConfig: { audioTranscriptionConfig } });
    expect(warnings.join('\n')).toMatch(/user was left out[^]*prompt was left out: the model takes no instructions/);
  });

  test('any other that hears is told what to do', () => {
    const { body, warnings } = request(transcription({ ...heard('ID3 sound'), language: 'de', prompt: 'grey herons' }), { target: LISTENER });
    expect(body).toMatchObject({ contents: [{ parts: [inline('audio/mpeg', 'ID3 sound'), { text: expect.stringMatching(/word for word[^]*\bde\b[^]*grey herons/) }] }] });
    expect(body).not.toHaveProperty('generationConfig');
    expect(warnings).toEqual([]);
  }); // prettier-ignore

  test('but tells no times: it is refused before anything is sent', () => {
    expect(() => request(transcription({ timestamps: true }), { target: LISTENER })).toThrow(Untranslatable);
  });

  test.each([
    ['RIFF\0\0\0\0WAVEfmt ', null, 'audio/wav'],
    ['\0\0\0\x20ftypM4A ', null, 'audio/m4a'],
    ['OggS\0\0', null, 'audio/ogg'],
    ['fLaC\0\0', null, 'audio/flac'],
    ['\xff\xfb\x90', null, 'audio/mpeg'],
    ['', null, 'audio/mpeg'],
    ['RIFF', 'audio/x-wav', 'audio/wav'],
    ['RIFF', 'audio/webm', 'audio/webm'],
  ])('a recording of %j, called %j, is sent as %s', (start, mimeType, sent) => {
    const { body } = request(transcription(heard(start, mimeType)), { target: TRANSCRIBER });
    expect(body).toMatchObject({ contents: [{ parts: [inline(sent, start)] }] });
  });
});

describe('the answer', () => {
  test('has the words, and sentences by their times', () => {
    const { result, usage, ended } = answer(recorded('transcript-words'), transcription({ timestamps: true }));
    expect(result).toEqual({
      ...{ operation: 'TRANSCRIPTION', text: 'Good morning. How are you?', language: 'en-US', durationSeconds: null },
      segments: [
        { startSeconds: 0.12, endSeconds: 1, text: 'Good morning.' },
        { startSeconds: 1.5, endSeconds: 2.2, text: 'How are you?' },
      ],
    });
    expect(usage).toMatchObject({ input: 0, audioInput: 64, output: 22, source: 'REPORTED' });
    expect(ended).toBe(true);
  });

  test('tells what speakers say in the order of time', () => {
    expect(answer(recorded('transcript-turns'), transcription()).result).toMatchObject({
      text: 'How are you? Fine.',
      segments: [{ startSeconds: 1.5 }, { startSeconds: 3.1 }],
    });
  });

  test('C10 of a model that was told what to do is what it says', () => {
    const { result, usage } = answer(recorded('transcript-text'), transcription());
    expect(result).toMatchObject({ text: 'Good morning. How are you?', segments: [], language: null });
    expect(usage).toMatchObject({ input: 26, audioInput: 64, output: 8, reasoning: 22 });
  });

  test('of silence is empty', () => {
    expect(answer({ candidates: [{ content: {}, finishReason: 'STOP' }] }, transcription()).result).toMatchObject({
      text: '',
      segments: [],
    });
  });

  test.each([
    ['cut', { candidates: [{ content: { parts: [{ text: 'Good mor' }] }, finishReason: 'MAX_TOKENS' }] }, 'BAD_RESPONSE'],
    ['recited', { candidates: [{ content: { parts: [{ text: 'Yesterday' }] }, finishReason: 'RECITATION' }] }, 'CONTENT_FILTER'],
    ['withheld', { candidates: [{ content: {}, finishReason: 'OTHER' }] }, 'BAD_RESPONSE'],
    ['an error', { error: { code: 500, status: 'INTERNAL', message: 'Oops.' } }, 'SERVER_ERROR'],
  ])('that is %s is no transcript', (_name, body, failureClass) => {
    const { failure, result } = answer(body, transcription());
    expect(failure?.class).toBe(failureClass);
    expect(result).toBeUndefined();
  });

  test.each([[{}], [{ candidates: [] }], ['text']])('is unreadable where there is none: %j', (body) => {
    expect(() => answer(body, transcription())).toThrow(UnreadableBody);
  });
});

describe('sentences', () => {
  const word = (said: string, at: number): WordInfo => ({ word: said, startOffset: `${String(at)}s`, endOffset: `${String(at + 1)}s` });
  const turnOf = (text: string | undefined, words: readonly WordInfo[]) => {
    const [turn = { text: '', words: [] }] = turnsOf([{ audioTranscription: { ...(text === undefined ? {} : { text }), words: words.map((each) => ({ ...each })) } }]);
    return turn;
  }; // prettier-ignore

  test('have the blanks of the text, and where it says otherwise the words’ own', () => {
    expect(segmentsOf(turnOf('今日は。元気？', [word('今日', 0), word('は。', 1), word('元気？', 2)])).map(({ text }) => text)).toEqual(['今日は。', '元気？']);
    expect(segmentsOf(turnOf('Other words', [word('Good', 0), word('day.', 1)])).map(({ text }) => text)).toEqual(['Good day.']);
    expect(turnOf(undefined, [word('Good', 0), word('day.', 1)]).text).toBe('Good day.');
  }); // prettier-ignore

  test('end where nobody would read on', () => {
    expect(segmentsOf(turnOf(undefined, Array.from({ length: 20 }, (_, at) => word('la', at)))).map(({ startSeconds }) => startSeconds)).toEqual([0, 15]);
  }); // prettier-ignore

  test('what has no time that can be read is left out', () => {
    const words = [{ word: 'a', startOffset: 'soon', endOffset: '1s' }, { word: 'b', endOffset: '2s' }, { word: 'c', startOffset: '1s' }, { startOffset: '1s' }];
    expect(turnOf('a b c', words).words).toEqual([{ text: 'b', startSeconds: 0, endSeconds: 2 }]);
  }); // prettier-ignore

  test('hold every word once, in order', () => {
    const said = fc.array(fc.stringMatching(/^[a-z]{1,5}[.?]?$/), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(said, (all) => {
        const turn = turnOf(all.join(' '), all.map((each, at) => word(each, at)));
        expect(segmentsOf(turn).map(({ text }) => text).join(' ')).toBe(all.join(' '));
      }),
    );
  }); // prettier-ignore
});
