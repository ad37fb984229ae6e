import { describe, expect, test } from '@jest/globals';
import type { InvokeModelRequest } from '@aws-sdk/client-bedrock-runtime';
import { Secret } from '../../../src/core/secret.js';
import { UnreadableBody, Untranslatable } from '../../../src/providers/contract.js';
import type { ChatRequest } from '../../../src/providers/contract.js';
import { embedding, image, operationOf, reranking } from '../operations-support.js';

const vectors = operationOf('BEDROCK_CONVERSE', 'EMBEDDING');
const images = operationOf('BEDROCK_CONVERSE', 'IMAGE');
const rankings = operationOf('BEDROCK_CONVERSE', 'RERANK');

const on = (upstreamModel: string) => ({ target: { upstreamModel } });
const one = (changes: Parameters<typeof embedding>[0] = {}) => embedding({ texts: ['Hello'], ...changes });

/** A request in the words of the vendor's SDK: what it would make of this is the path, and the body as it is. */
function asInvocation({ path, body }: ChatRequest): InvokeModelRequest {
  const [, modelId = ''] = /^\/model\/([^/]+)\/invoke$/.exec(path) ?? [];
  return { modelId: decodeURIComponent(modelId), body: Buffer.from(JSON.stringify(body)), contentType: 'application/json' };
}

describe('an invocation', () => {
  test('goes to the model’s path, signed or with a key as a bearer', () => {
    const arn = 'arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc';
    const target = { upstreamModel: arn, model: 'titan-embed-text-v2', apiKey: new Secret('bedrock-key') };
    const request = vectors.request(one(), { target });
    expect(asInvocation(request)).toMatchObject({ modelId: arn });
    expect(request.headers).toEqual({ authorization: 'Bearer bedrock-key' });
    expect(vectors.request(one(), on('amazon.titan-embed-text-v2:0')).headers).toEqual({});
  });

  test.each([
    ['vectors', () => vectors.request(embedding(), on('acme.large-v1:0'))],
    ['images', () => images.request(image(), on('anthropic.claude-sonnet-4-5-20250929-v1:0'))],
    ['rankings', () => rankings.request(reranking(), on('amazon.titan-embed-text-v2:0'))],
  ])('a model that is not known for %s is not asked', (what, ask) => {
    expect(ask).toThrow(Untranslatable);
    expect(ask).toThrow(what);
  });

  test('what the caller passes on goes in beside our fields, and wins', () => {
    const providerOptions = { BEDROCK_CONVERSE: { textToImageParams: { negativeText: 'boats' }, imageGenerationConfig: { seed: 7, quality: 'standard' } } }; // prettier-ignore
    expect(images.request(image({ quality: 'HIGH', providerOptions }), on('amazon.nova-canvas-v1:0')).body).toEqual({
      taskType: 'TEXT_IMAGE',
      textToImageParams: { text: 'a heron', negativeText: 'boats' },
      imageGenerationConfig: { quality: 'standard', seed: 7 },
    });
  });
});

describe('vectors', () => {
  const TITAN = 'amazon.titan-embed-text-v2:0';
  const NOVA = 'amazon.nova-2-multimodal-embeddings-v1:0';
  const novaBody = (params: object) => ({
    taskType: 'SINGLE_EMBEDDING',
    singleEmbeddingParams: { embeddingPurpose: 'GENERIC_INDEX', ...params, text: { truncationMode: 'NONE', value: 'Hello' } },
  });
  const cohereBody = { texts: ['Hello'], input_type: 'search_document', embedding_types: ['float'] };

  test.each([
    ['Titan', TITAN, {}, { inputText: 'Hello' }],
    ['Titan', TITAN, { dimensions: 256 }, { inputText: 'Hello', dimensions: 256 }],
    ['the first Titan', 'amazon.titan-embed-text-v1', {}, { inputText: 'Hello' }],
    ['Titan Multimodal', 'amazon.titan-embed-image-v1', {}, { inputText: 'Hello' }],
    ['Titan Multimodal', 'amazon.titan-embed-image-v1', { dimensions: 384 }, { inputText: 'Hello', embeddingConfig: { outputEmbeddingLength: 384 } }],
    ['Nova', NOVA, {}, novaBody({})],
    ['Nova', NOVA, { dimensions: 384, purpose: 'QUERY' }, novaBody({ embeddingPurpose: 'GENERIC_RETRIEVAL', embeddingDimension: 384 })],
    ['Cohere', 'us.cohere.embed-v4:0', {}, cohereBody],
    ['Cohere', 'cohere.embed-v4:0', { dimensions: 256, purpose: 'CLUSTERING' }, { ...cohereBody, input_type: 'clustering', output_dimension: 256 }],
    ['the third Cohere', 'cohere.embed-multilingual-v3', { purpose: 'QUERY' }, { ...cohereBody, input_type: 'search_query' }],
  ] as const)('K4 %s (%s) is asked in its maker’s words: %j', (_, model, changes, body) => {
    const request = vectors.request(one(changes), on(model));
    expect(request.body).toEqual(body);
    expect(JSON.stringify(request.body)).toBe(JSON.stringify(vectors.request(one(changes), on(model)).body));
    expect(request.warnings).toEqual([]);
  }); // prettier-ignore

  test.each([
    ['amazon.titan-embed-text-v1', { dimensions: 256 }, 'dimensions'],
    ['cohere.embed-english-v3', { dimensions: 256 }, 'dimensions'],
    [TITAN, { purpose: 'QUERY' }, 'purpose'],
    [NOVA, { purpose: 'SIMILARITY' }, 'purpose'],
    ['cohere.embed-v4:0', { purpose: 'SIMILARITY' }, 'purpose'],
    [TITAN, { user: 'ann' }, 'user'],
  ] as const)('what %s has no word for is told: %j', (model, changes, field) => {
    const { body, warnings } = vectors.request(one(changes), on(model));
    expect(warnings).toEqual([expect.stringContaining(`${field} was left out`)]);
    expect(body).toEqual(vectors.request(one(), on(model)).body);
  });

  test.each([
    [TITAN, 1],
    [NOVA, 1],
    ['cohere.embed-english-v3', 96],
  ])('%s takes %i texts a call: more are refused before anything is sent', (model, most) => {
    const texts = Array.from({ length: most + 1 }, (_, index) => `text ${String(index)}`);
    expect(() => vectors.request(embedding({ texts }), on(model))).toThrow(Untranslatable);
    expect(vectors.request(embedding({ texts: texts.slice(1) }), on(model)).warnings).toEqual([]);
  });

  test('what was refused before is left out and told', () => {
    const { body, warnings } = vectors.request(one({ dimensions: 256 }), { ...on(TITAN), refused: ['dimensions', 'inputText'] });
    expect(body).toEqual({ inputText: 'Hello' });
    expect(warnings).toEqual([expect.stringContaining('dimensions was left out')]);
  });

  test.each([[{}], [{ embedding: [] }], [{ embedding: 'x' }], [{ embedding: [null] }], [[]]])('are unreadable where there are none: %j', (body) => {
    expect(() => vectors.answer(body, one(), on(TITAN))).toThrow(UnreadableBody);
  }); // prettier-ignore

  test('are as many as the texts, or unreadable', () => {
    expect(() => vectors.answer({ embeddings: [[1]] }, embedding(), on('cohere.embed-english-v3'))).toThrow(UnreadableBody);
  });
});

describe('images', () => {
  const CANVAS = 'amazon.nova-canvas-v1:0';
  const ULTRA = 'stability.stable-image-ultra-v1:1';
  const canvas = (config: object) => ({ taskType: 'TEXT_IMAGE', textToImageParams: { text: 'a heron' }, ...config });

  test.each([
    [CANVAS, {}, canvas({})],
    ['amazon.titan-image-generator-v2:0', { count: 5 }, canvas({ imageGenerationConfig: { numberOfImages: 5 } })],
    [CANVAS, { size: '1024x768', quality: 'HIGH', format: 'PNG' }, canvas({ imageGenerationConfig: { width: 1024, height: 768, quality: 'premium' } })],
    [CANVAS, { quality: 'MEDIUM' }, canvas({ imageGenerationConfig: { quality: 'standard' } })],
    [ULTRA, {}, { prompt: 'a heron' }],
    ['stability.sd3-5-large-v1:0', { format: 'JPEG' }, { prompt: 'a heron', output_format: 'jpeg' }],
  ] as const)('K4 %s is asked in its maker’s words: %j', (model, changes, body) => {
    const request = images.request(image(changes), on(model));
    expect(asInvocation(request).modelId).toBe(model);
    expect(request.body).toEqual(body);
    expect(request.warnings).toEqual([]);
  }); // prettier-ignore

  test.each([
    [CANVAS, { quality: 'LOW' }, canvas({ imageGenerationConfig: { quality: 'standard' } }), 'quality was sent as standard'],
    [CANVAS, { format: 'WEBP' }, canvas({}), 'format was left out'],
    [CANVAS, { user: 'ann' }, canvas({}), 'user was left out'],
    [ULTRA, { size: '1024x1536' }, { prompt: 'a heron', aspect_ratio: '2:3' }, 'size was sent as 2:3'],
    [ULTRA, { size: '1000x7' }, { prompt: 'a heron' }, 'size was left out'],
    [ULTRA, { quality: 'HIGH' }, { prompt: 'a heron' }, 'quality was left out'],
    [ULTRA, { format: 'WEBP' }, { prompt: 'a heron' }, 'format was left out'],
  ] as const)('%s: what it takes otherwise, or not at all, is told: %j', (model, changes, body, told) => {
    const request = images.request(image(changes), on(model));
    expect(request.body).toEqual(body);
    expect(request.warnings).toEqual([expect.stringContaining(told)]);
  });

  test.each([
    [CANVAS, 6],
    [ULTRA, 2],
  ])('%s does not make %i a call: refused before anything is sent', (model, count) => {
    expect(() => images.request(image({ count }), on(model))).toThrow(Untranslatable);
  });

  test.each([[{}], [{ images: [] }], [{ images: [''] }], [null]])(
    'are unreadable where there are none, and nobody says why: %j',
    (body) => {
      expect(() => images.answer(body, image(), on(CANVAS))).toThrow(UnreadableBody);
    },
  );
});

describe('rankings', () => {
  test.each([
    ['cohere.rerank-v3-5:0', {}, { api_version: 2 }],
    ['cohere.rerank-v3-5:0', { topN: 1 }, { top_n: 1, api_version: 2 }],
    ['amazon.rerank-v1:0', { topN: 1 }, { top_n: 1 }],
  ] as const)('K4 %s is asked in its maker’s words: %j', (model, changes, fields) => {
    const { body, warnings } = rankings.request(reranking(changes), on(model));
    expect(body).toEqual({ query: 'herons', documents: ['a crane', 'a heron'], ...fields });
    expect(warnings).toEqual([]);
  });

  test('a search is counted for each hundred documents', () => {
    const documents = Array.from({ length: 201 }, (_, index) => String(index));
    const { usage } = rankings.answer(
      { results: [{ index: 200, relevance_score: 1 }] },
      reranking({ documents }),
      on('cohere.rerank-v3-5:0'),
    );
    expect(usage).toMatchObject({ units: { REQUEST: 3 }, source: 'ESTIMATED' });
  });

  test.each([[{}], [{ results: [] }], [{ results: [{ index: 9, relevance_score: 1 }] }]])('are unreadable where they rank nothing: %j', (body) => {
    expect(() => rankings.answer(body, reranking(), on('amazon.rerank-v1:0'))).toThrow(UnreadableBody);
  }); // prettier-ignore
});
