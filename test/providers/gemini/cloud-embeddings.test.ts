import { describe, expect, test } from '@jest/globals';
import type { Content, EmbedContentConfig } from '@google/genai';
import { UnreadableBody, Untranslatable } from '../../../src/providers/contract.js';
import { embedding, operationOf } from '../operations-support.js';
import { recorded } from './recorded.js';

const { request, answer } = operationOf('GEMINI', 'EMBEDDING');
const BASE = 'https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4/publishers/google';
const OLD = { preset: 'vertex', upstreamModel: 'gemini-embedding-001', baseUrl: BASE };
const NEW = { ...OLD, upstreamModel: 'gemini-embedding-2' };

describe('the request in Google Cloud', () => {
  test('K4 older models are asked for predictions, one of each text', () => {
    expect(request(embedding(), { target: OLD })).toEqual({
      path: '/models/gemini-embedding-001:predict',
      headers: {},
      body: { instances: [{ content: 'one' }, { content: 'two' }], parameters: { autoTruncate: false } },
      warnings: [],
    });
    const call = embedding({
      ...{ texts: ['one'], purpose: 'DOCUMENT', dimensions: 64, user: 'ann' },
      providerOptions: { GEMINI: { parameters: { autoTruncate: true } } },
    });
    const { body, warnings } = request(call, { target: { ...OLD, upstreamModel: 'text-embedding-005' } });
    expect(body).toEqual({
      instances: [{ content: 'one', task_type: 'RETRIEVAL_DOCUMENT' }],
      parameters: { outputDimensionality: 64, autoTruncate: true },
    });
    expect(warnings).toEqual([expect.stringContaining('user was left out')]);
  });

  test('K4 newer ones for the vector of one content', () => {
    const content: Content = { parts: [{ text: 'task: search result | query: one' }] };
    const embedContentConfig: EmbedContentConfig = { autoTruncate: false, outputDimensionality: 768 };
    const call = embedding({ texts: ['one'], purpose: 'QUERY', dimensions: 768 });
    expect(request(call, { target: NEW })).toMatchObject({
      path: '/models/gemini-embedding-2:embedContent',
      body: { content, embedContentConfig },
      warnings: [],
    });
    expect(request(embedding({ texts: ['one'] }), { target: NEW }).body).toEqual({
      content: { parts: [{ text: 'one' }] },
      embedContentConfig: { autoTruncate: false },
    });
  });

  test('which take no second text: it is refused before anything is sent', () => {
    expect(() => request(embedding(), { target: NEW })).toThrow(Untranslatable);
  });

  test('is known by its address where no preset names it', () => {
    for (const host of ['aiplatform.googleapis.com', 'us-central1-aiplatform.googleapis.com', 'aiplatform.eu.rep.googleapis.com'])
      expect(request(embedding(), { target: { ...OLD, preset: null, baseUrl: `https://${host}/v1` } }).path).toMatch(/:predict$/);
    for (const host of ['generativelanguage.googleapis.com', 'aiplatform.googleapis.com.example.com'])
      expect(request(embedding(), { target: { ...OLD, preset: null, baseUrl: `https://${host}/v1` } }).path).toMatch(
        /:batchEmbedContents$/,
      );
  });

  test('what this deployment has refused is left out from then on, and told', () => {
    const { body, warnings } = request(embedding({ dimensions: 8, purpose: 'QUERY' }), { target: OLD, refused: ['outputDimensionality'] });
    expect(body).toMatchObject({ instances: [{ task_type: 'RETRIEVAL_QUERY' }, { task_type: 'RETRIEVAL_QUERY' }] });
    expect(body).not.toHaveProperty('parameters.outputDimensionality');
    expect(warnings).toEqual([expect.stringContaining('outputDimensionality was left out')]);
  });
});

describe('the answer in Google Cloud', () => {
  test('C10 to predictions has the tokens of all texts, and the characters that are billed', () => {
    const { result, usage, ended } = answer(recorded('vectors-predict'), embedding());
    expect(result).toEqual({ operation: 'EMBEDDING', vectors: [[-0.018, -0.0069, -0.0368], [-0.06, 0.0049, -0.0069]] }); // prettier-ignore
    expect(usage).toMatchObject({
      input: 11,
      source: 'REPORTED',
      raw: { token_count: 11, billableCharacterCount: 35 },
      units: { CHARACTER: 35 },
    });
    expect(ended).toBe(true);
  });

  test('to one content has its vector and tokens', () => {
    const { result, usage } = answer(recorded('vectors-embed-content'), embedding({ texts: ['one'] }));
    expect(result).toEqual({ operation: 'EMBEDDING', vectors: [[0.011, -0.22, 0.3]] });
    expect(usage).toMatchObject({ input: 4, source: 'REPORTED' });
  });

  test('has the characters alone where no tokens are told, and nothing where neither is', () => {
    const predictions = [{ embeddings: { values: [1] } }];
    const one = embedding({ texts: ['one'] });
    expect(answer({ predictions, metadata: { billableCharacterCount: 3 } }, one).usage).toMatchObject({
      input: 0,
      units: { CHARACTER: 3 },
    });
    expect(answer({ predictions }, one).usage).toBeNull();
  });

  test.each([
    ['too few', recorded('vectors-embed-content')],
    ['no vector', { predictions: [{ embeddings: { values: [] } }, {}] }],
    ['no list', { predictions: {} }],
  ])('is unreadable where it has %s', (_name, body) => {
    expect(() => answer(body, embedding())).toThrow(UnreadableBody);
  });

  test('an error inside a 200 is a failure', () => {
    expect(answer({ error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Quota.' } }, embedding()).failure?.class).toBe(
      'RATE_LIMITED',
    );
  });
});
