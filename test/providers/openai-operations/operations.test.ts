import { describe, expect, test } from '@jest/globals';
import type { SpeechCreateParams } from 'openai/resources/audio/speech';
import type { ImageGenerateParams, ImagesResponse } from 'openai/resources/images';
import type { ModerationCreateParams } from 'openai/resources/moderations';
import { Secret } from '../../../src/core/secret.js';
import { UnreadableBody } from '../../../src/providers/contract.js';
import { fileOf } from '../../kit/files.js';
import { image, moderation, operationOf, reranking, speech, transcription } from '../operations-support.js';

const TARGET = { upstreamModel: 'm', apiKey: new Secret('sk-1') };
const AUTHORIZED = { authorization: 'Bearer sk-1' };

describe('images', () => {
  const { request, answer } = operationOf('OPENAI_CHAT', 'IMAGE');

  test('K4 are asked for in the vendor’s form', () => {
    const minimal: ImageGenerateParams = { model: 'm', prompt: 'a heron' };
    expect(request(image(), { target: TARGET })).toEqual({ path: '/images/generations', headers: AUTHORIZED, body: minimal, warnings: [] });
    const whole: ImageGenerateParams = {
      ...{ model: 'm', prompt: 'a heron', n: 2, size: '1024x1536', quality: 'high', output_format: 'webp', user: 'ann' },
      background: 'transparent',
    };
    const call = image({ count: 2, size: '1024x1536', quality: 'HIGH', format: 'WEBP', user: 'ann', providerOptions: { OPENAI_CHAT: { background: 'transparent' } } }); // prettier-ignore
    expect(JSON.stringify(request(call, { target: TARGET }).body)).toBe(JSON.stringify(whole));
  });

  test('what was refused before is left out and told, but never the prompt or how many', () => {
    const { body, warnings } = request(image({ count: 2, quality: 'LOW' }), { target: TARGET, refused: ['quality', 'prompt', 'n'] });
    expect(body).toEqual({ model: 'm', prompt: 'a heron', n: 2 });
    expect(warnings).toEqual([expect.stringContaining('quality was left out')]);
  });

  test('come with the tokens that were told, and are counted', () => {
    const body: ImagesResponse = {
      ...{ created: 1, output_format: 'jpeg', data: [{ b64_json: 'aGk=' }] },
      usage: { input_tokens: 30, input_tokens_details: { image_tokens: 20, text_tokens: 10 }, output_tokens: 1_056, total_tokens: 1_086 },
    };
    const { result, usage } = answer(JSON.parse(JSON.stringify(body)), image());
    expect(result).toEqual({ operation: 'IMAGE', images: [{ mimeType: 'image/jpeg', base64: 'aGk=', url: null, revisedPrompt: null }] });
    expect(usage).toMatchObject({ input: 10, imageInput: 20, output: 0, imageOutput: 1_056, source: 'REPORTED', units: { IMAGE: 1 } });
  });

  test.each([[{}], [{ data: [] }], [{ data: [{ b64_json: '' }] }]])('are unreadable where there are none: %j', (body) => {
    expect(() => answer(body, image())).toThrow(UnreadableBody);
  });
});

describe('speech', () => {
  const { request, answerBytes } = operationOf('OPENAI_CHAT', 'SPEECH');

  test('K4 is asked for in the vendor’s form', () => {
    const minimal: SpeechCreateParams = { model: 'm', input: 'Good morning', voice: 'alloy', response_format: 'mp3' };
    expect(request(speech(), { target: TARGET })).toEqual({
      ...{ path: '/audio/speech', headers: { accept: '*/*', ...AUTHORIZED }, body: minimal, warnings: [] },
    });
    const { body, warnings } = request(speech({ speed: 2, instructions: 'slowly', format: 'OPUS', user: 'ann' }), { target: TARGET });
    expect(body).toEqual({ model: 'm', input: 'Good morning', voice: 'alloy', response_format: 'opus', speed: 2, instructions: 'slowly' });
    expect(warnings).toEqual([expect.stringContaining('user was left out')]);
  });

  test('comes as bytes, whatever they are, and its characters are counted', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const { result, usage, ended } = answerBytes(bytes, 'audio/mpeg; charset=binary', speech({ text: 'Hi 🌞' }));
    expect(result).toEqual({ operation: 'SPEECH', mimeType: 'audio/mpeg', base64: Buffer.from(bytes).toString('base64') });
    expect(usage).toMatchObject({ input: 0, source: 'REPORTED', units: { CHARACTER: 4 } });
    expect(ended).toBe(true);
  });

  test('of an unnamed kind is of the kind that was asked for', () => {
    expect(answerBytes(Buffer.from('x'), 'application/octet-stream', speech({ format: 'FLAC' })).result).toMatchObject({
      mimeType: 'audio/flac',
    });
  });

  test.each([
    ['nothing', '', 'audio/mpeg'],
    ['a page', '<html>', 'text/html'],
    ['JSON', '{"ok":true}', 'application/json'],
  ])('is unreadable where it is no audio: %s', (_name, body, type) => {
    expect(() => answerBytes(Buffer.from(body), type, speech())).toThrow(UnreadableBody);
  });

  test('an error inside a 200 is a failure', () => {
    const body = Buffer.from('{"error":{"message":"overloaded","code":"overloaded"}}');
    expect(answerBytes(body, 'application/json', speech()).failure?.class).toBe('OVERLOADED');
  });
});

describe('transcriptions', () => {
  const { request, answer } = operationOf('OPENAI_CHAT', 'TRANSCRIPTION');

  /** The parts of a form, as a server would read them. */
  async function partsOf(call: ReturnType<typeof transcription>) {
    const { payload, path, headers } = request(call, { target: TARGET });
    if (!payload) throw new Error('it must be a form');
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- its fault is what strangers could send; this body is our own
    const form = await new Response(Buffer.concat(payload.bytes), { headers: { 'content-type': payload.contentType } }).formData();
    const file = form.get('file');
    if (!(file instanceof File)) throw new Error('it must hold a file');
    const fields = [...form.entries()].filter(([name]) => name !== 'file');
    return { path, headers, fields, file: { name: file.name, type: file.type, text: await file.text() } };
  }

  test('K4 are asked for as a form that servers can read, the same bytes for the same call', async () => {
    expect(await partsOf(transcription())).toEqual({
      ...{ path: '/audio/transcriptions', headers: AUTHORIZED, fields: [['model', 'm'], ['response_format', 'json']] },
      file: { name: 'audio.mp3', type: 'audio/mpeg', text: 'a recording' },
    }); // prettier-ignore
    expect(request(transcription()).payload).toEqual(request(transcription()).payload);
  });

  test('the file is not copied, and neither a name nor a field can part the form elsewhere', async () => {
    const audio = fileOf('RIFF', { name: 'a "heron"\r\n.wav', mimeType: 'audio/wav' });
    const call = transcription({ audio, providerOptions: { OPENAI_CHAT: { 'x"; name="model': 'dear', y: 'a\r\n--b' } } });
    expect(request(call).payload?.bytes).toContain(audio.bytes.pieces[0]);
    const { fields, file } = await partsOf(call);
    expect(fields.filter(([name]) => name === 'model')).toEqual([['model', 'm']]);
    expect(fields).toContainEqual(['y', 'a\r\n--b']);
    expect(file).toMatchObject({ text: 'RIFF', type: 'audio/wav' });
    const forged = transcription({ audio: fileOf(Buffer.concat([...(request(call).payload?.bytes ?? [])])) });
    expect((await partsOf(forged)).fields).toHaveLength(2);
  });

  test('all that is asked is in it', async () => {
    const audio = fileOf('RIFF', { mimeType: 'audio/x-wav' });
    const options = { OPENAI_CHAT: { temperature: 0 } };
    const { fields, file } = await partsOf(
      transcription({ audio, language: 'de', prompt: 'Reiher', timestamps: true, providerOptions: options }),
    );
    expect(Object.fromEntries(fields)).toEqual({
      ...{
        model: 'm',
        response_format: 'verbose_json',
        'timestamp_granularities[]': 'segment',
        language: 'de',
        prompt: 'Reiher',
        temperature: '0',
      },
    });
    expect(file).toEqual({ name: 'audio.wav', type: 'audio/x-wav', text: 'RIFF' });
  });

  test.each([
    ['tokens', { type: 'tokens', input_tokens: 14, input_token_details: { text_tokens: 4, audio_tokens: 10 }, output_tokens: 5, total_tokens: 19 }, { input: 4, audioInput: 10, output: 5 }],
    ['a duration', { type: 'duration', seconds: 13 }, { input: 0, units: { SECOND: 13 } }],
  ])('are used by %s', (_name, usage, read) => {
    expect(answer({ text: 'Hi', usage }, transcription()).usage).toMatchObject({ source: 'REPORTED', raw: usage, ...read });
  }); // prettier-ignore

  test('the length of what was heard counts in whole seconds, and nothing where it is not told', () => {
    const { result, usage } = answer({ text: 'Hi', duration: 12.01, language: 'english' }, transcription());
    expect(result).toMatchObject({ text: 'Hi', durationSeconds: 12.01, language: 'english', segments: [] });
    expect(usage?.units).toEqual({ SECOND: 13 });
    expect(answer({ text: '' }, transcription()).usage).toBeNull();
  });

  test('are unreadable without a text', () => {
    expect(() => answer({ segments: [] }, transcription())).toThrow(UnreadableBody);
  });
});

describe('moderations', () => {
  const { request, answer } = operationOf('OPENAI_CHAT', 'MODERATION');

  test('K4 are asked for in the vendor’s form', () => {
    const body: ModerationCreateParams = { model: 'm', input: ['one', 'two'] };
    expect(request(moderation(), { target: TARGET })).toEqual({ path: '/moderations', headers: AUTHORIZED, body, warnings: [] });
  });

  test('Mistral’s name categories only: one that is flagged flags the whole', () => {
    const results = [
      { categories: { sexual: false, pii: true }, category_scores: { sexual: 0, pii: 0.7 } },
      { categories: { sexual: false } },
    ];
    const { result, usage } = answer({ id: 'x', results, usage: { prompt_tokens: 4, total_tokens: 4 } }, moderation());
    expect(result).toEqual({
      operation: 'MODERATION',
      verdicts: [
        { flagged: true, categories: [{ name: 'sexual', flagged: false, score: 0 }, { name: 'pii', flagged: true, score: 0.7 }] },
        { flagged: false, categories: [{ name: 'sexual', flagged: false, score: null }] },
      ],
    }); // prettier-ignore
    expect(usage?.input).toBe(4);
  });

  test.each([[{ results: [{ flagged: true }] }], [{ results: [{}, {}] }], [{}]])(
    'are unreadable where a verdict is missing: %j',
    (body) => {
      expect(() => answer(body, moderation())).toThrow(UnreadableBody);
    },
  );
});

describe('reranking', () => {
  const { request, answer } = operationOf('OPENAI_CHAT', 'RERANK');

  test('K4 is asked for in the common form', () => {
    const body = { model: 'm', query: 'herons', documents: ['a crane', 'a heron'], top_n: 1 };
    expect(request(reranking({ topN: 1 }), { target: TARGET })).toEqual({ path: '/rerank', headers: AUTHORIZED, body, warnings: [] });
  });

  test.each([
    ['Cohere', { results: [{ index: 0, relevance_score: 0.1 }, { index: 1, relevance_score: 0.9 }], meta: { billed_units: { search_units: 1 } } }, { units: { REQUEST: 1 } }],
    ['Jina', { results: [{ index: 1, relevance_score: 0.9, document: {} }, { index: 0, relevance_score: 0.1 }], usage: { total_tokens: 8 } }, { input: 8 }],
    ['Voyage', { object: 'list', data: [{ index: 1, relevance_score: 0.9 }, { index: 0, relevance_score: 0.1 }], usage: { total_tokens: 8 } }, { input: 8 }],
  ])('%s’s answer is read', (_name, body, used) => {
    const { result, usage } = answer(body, reranking());
    expect(result).toEqual({ operation: 'RERANK', rankings: [{ index: 1, score: 0.9 }, { index: 0, score: 0.1 }] });
    expect(usage).toMatchObject({ source: 'REPORTED', ...used });
  }); // prettier-ignore

  test.each([[{}], [{ results: [] }], [{ results: [{ index: 7, relevance_score: 1 }] }], [{ results: [{ index: 0 }] }]])(
    'is unreadable where it ranks no document of the call: %j',
    (body) => {
      expect(() => answer(body, reranking())).toThrow(UnreadableBody);
    },
  );
});
