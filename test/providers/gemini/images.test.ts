import { describe, expect, test } from '@jest/globals';
import type { Content, GenerationConfig, ImageConfig } from '@google/genai';
import fc from 'fast-check';
import { Secret } from '../../../src/core/secret.js';
import { UnreadableBody, Untranslatable } from '../../../src/providers/contract.js';
import { toVendorSize } from '../../../src/providers/gemini/image-size.js';
import { image, operationOf } from '../operations-support.js';
import type { Given } from '../operations-support.js';
import { recorded } from './recorded.js';
import type { Plain } from './recorded.js';

interface VendorBody {
  readonly contents: Plain<Content>[];
  readonly generationConfig: Plain<Pick<GenerationConfig, 'responseModalities'>> & { readonly imageConfig?: ImageConfig };
}

const { request, answer } = operationOf('GEMINI', 'IMAGE');
const GEMINI: Given = { target: { preset: 'gemini', upstreamModel: 'gemini-3.1-flash-image', apiKey: new Secret('AIza-1') } };
const VERTEX: Given = { target: { preset: 'vertex', upstreamModel: 'gemini-3-pro-image' } };

describe('the request', () => {
  test('K4 asks for a picture and nothing else, and the key travels in a header', () => {
    const body: VendorBody = {
      contents: [{ role: 'user', parts: [{ text: 'a heron' }] }],
      generationConfig: { responseModalities: ['IMAGE'] },
    };
    expect(request(image(), GEMINI)).toEqual({
      path: '/models/gemini-3.1-flash-image:generateContent',
      headers: { 'x-goog-api-key': 'AIza-1' },
      body,
      warnings: [],
    });
  });

  test.each([
    ['1024x1024', 'gemini-3.1-flash-image', { aspectRatio: '1:1' }, null],
    ['2048x2048', 'gemini-3-pro-image', { aspectRatio: '1:1', imageSize: '2K' }, null],
    ['2048x2048', 'gemini-3.1-flash-lite-image', { aspectRatio: '1:1' }, '1:1 at 1K'],
    ['1024x1536', 'gemini-3.1-flash-image', { aspectRatio: '2:3' }, '2:3 at 1K'],
    ['3840x2160', 'gemini-3-pro-image', { aspectRatio: '16:9', imageSize: '2K' }, '16:9 at 2K'],
    ['4096x4096', 'gemini-2.5-flash-image', { aspectRatio: '1:1' }, '1:1 at 1K'],
    ['900x100', 'gemini-3.1-flash-image', { aspectRatio: '21:9' }, '21:9 at 1K'],
  ])('a size of %s is what %s has nearest to it', (size, upstreamModel, imageConfig, told) => {
    const { body, warnings } = request(image({ size }), { target: { upstreamModel } });
    expect(body).toMatchObject({ generationConfig: { imageConfig } });
    expect(warnings).toEqual(told === null ? [] : [expect.stringContaining(told)]);
  });

  test('an opaque name of the upstream’s leaves the model’s own to tell what it takes', () => {
    const target = { upstreamModel: '4711', model: 'gemini-2.5-flash-image' };
    expect(request(image({ size: '4096x4096' }), { target }).body).toMatchObject({
      generationConfig: { imageConfig: { aspectRatio: '1:1' } },
    });
  });

  test('the kind of file can be chosen in one of both clouds, and is told where it can’t', () => {
    const imageConfig: ImageConfig = { imageOutputOptions: { mimeType: 'image/jpeg' } };
    expect(request(image({ format: 'JPEG' }), VERTEX)).toMatchObject({ body: { generationConfig: { imageConfig } }, warnings: [] });
    for (const [format, given] of [['WEBP', VERTEX], ['JPEG', GEMINI]] as const) {
      const { body, warnings } = request(image({ format }), given);
      expect(body).toMatchObject({ generationConfig: { responseModalities: ['IMAGE'] } });
      expect(warnings).toEqual([expect.stringContaining('format was left out')]);
    }
  }); // prettier-ignore

  test('what there is no form for is told, and what can’t be given is refused', () => {
    expect(request(image({ quality: 'HIGH', user: 'ann' }), GEMINI).warnings.join()).toMatch(/user was left out.*quality was left out/);
    expect(() => request(image({ count: 2 }), GEMINI)).toThrow(Untranslatable);
  });

  test('the caller’s own fields join ours, and what was refused before is left out', () => {
    const providerOptions = { GEMINI: { generationConfig: { seed: 7 } }, acme: { safetySettings: [] } };
    const { body, warnings } = request(image({ size: '2048x2048', providerOptions }), { ...VERTEX, refused: ['imageSize'] });
    expect(body).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'a heron' }] }],
      generationConfig: { responseModalities: ['IMAGE'], imageConfig: { aspectRatio: '1:1' }, seed: 7 },
      safetySettings: [],
    });
    expect(warnings).toEqual([expect.stringContaining('imageSize was left out')]);
  });

  test('any size comes to a shape and a size that the vendor knows, in proportion', () => {
    const side = fc.integer({ min: 16, max: 9_999 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        const { aspectRatio, imageSize } = toVendorSize(`${String(width)}x${String(height)}`, { '1K': 1_024, '2K': 2_048 });
        const [wide = 0, high = 0] = aspectRatio.split(':').map(Number);
        expect(Math.sign(wide - high) * Math.sign(width - height)).toBeGreaterThanOrEqual(0);
        expect(imageSize).toBe(Math.sqrt(width * height) > 1_024 * Math.SQRT2 ? '2K' : '1K');
      }),
    );
  });
});

describe('the answer', () => {
  test('C10 is the picture without the thoughts before it, and each class of its tokens', () => {
    const { result, usage, ended } = answer(recorded('image'), image());
    expect(result).toEqual({
      operation: 'IMAGE',
      images: [{ mimeType: 'image/png', base64: 'iVBORw0KGgo=', url: null, revisedPrompt: null }],
    });
    expect(usage).toMatchObject({ input: 8, output: 0, reasoning: 170, imageOutput: 1_120, source: 'REPORTED', units: { IMAGE: 1 } });
    expect(ended).toBe(true);
  });

  test.each([
    ['image-safety', 'IMAGE_SAFETY Unable to show', 12],
    ['image-prompt-blocked', 'PROHIBITED_CONTENT The prompt', 9],
  ])('%s is a filter’s, with the vendor’s reason and the tokens it took', (name, words, input) => {
    const { failure, usage, result } = answer(recorded(name), image());
    expect(failure).toMatchObject({ class: 'CONTENT_FILTER', detail: expect.stringContaining(words) });
    expect(usage?.input).toBe(input);
    expect(result).toBeUndefined();
  });

  test('a filter that speaks by an error is a filter too', () => {
    const message =
      "The prompt could not be submitted. This prompt contains sensitive words that violate Google's Responsible AI practices. Support codes: 42876398";
    expect(answer({ error: { code: 400, status: 'INVALID_ARGUMENT', message } }, image()).failure?.class).toBe('CONTENT_FILTER');
  });

  test('without a picture it is no answer, whatever it says instead', () => {
    const { failure, usage, ended } = answer(recorded('image-none'), image());
    expect(failure).toMatchObject({ class: 'BAD_RESPONSE', detail: expect.stringContaining('NO_IMAGE') });
    expect(usage).toMatchObject({ input: 7, output: 6 });
    expect(ended).toBe(false);
  });

  test.each([
    ['503', { error: { code: 503, status: 'UNAVAILABLE', message: 'The model is overloaded.' } }, 'OVERLOADED'],
    ['429', { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Quota exceeded.' } }, 'RATE_LIMITED'],
  ])('an error %s inside a 200 is a failure', (_name, body, failureClass) => {
    expect(answer(body, image()).failure?.class).toBe(failureClass);
  });

  const holding = (data: string) => ({ candidates: [{ content: { parts: [{ inlineData: { mimeType: 'image/png', data } }] } }] });
  test.each([
    ['no object', []],
    ['nothing', {}],
    ['no candidate', { candidates: [] }],
    ['cut base64', holding('iVBORw0KGg')],
    ['no base64', holding('iVBO Rw==')],
  ])('is unreadable where it holds %s', (_name, body) => {
    expect(() => answer(body, image())).toThrow(UnreadableBody);
  });
});
