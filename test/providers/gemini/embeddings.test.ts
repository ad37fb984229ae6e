import { describe, expect, test } from '@jest/globals';
import type { ContentEmbedding, EmbedContentConfig } from '@google/genai';
import { Secret } from '../../../src/core/secret.js';
import { UnreadableBody } from '../../../src/providers/contract.js';
import { embedding, operationOf } from '../operations-support.js';

const { request, answer } = operationOf('GEMINI', 'EMBEDDING');

describe('the request', () => {
  test('K4 each text is a request of its own, and the key travels in a header', () => {
    const target = { apiKey: new Secret('AIza-1'), upstreamModel: 'models/gemini-embedding-001' };
    expect(request(embedding(), { target })).toEqual({
      path: '/models/gemini-embedding-001:batchEmbedContents',
      headers: { 'x-goog-api-key': 'AIza-1' },
      body: {
        requests: [
          { model: 'models/gemini-embedding-001', content: { parts: [{ text: 'one' }] } },
          { model: 'models/gemini-embedding-001', content: { parts: [{ text: 'two' }] } },
        ],
      },
      warnings: [],
    });
  });

  test.each([
    ['QUERY', 'RETRIEVAL_QUERY'],
    ['DOCUMENT', 'RETRIEVAL_DOCUMENT'],
    ['SIMILARITY', 'SEMANTIC_SIMILARITY'],
    ['CLASSIFICATION', 'CLASSIFICATION'],
    ['CLUSTERING', 'CLUSTERING'],
  ] as const)('the purpose %s is its task type', (purpose, taskType) => {
    const config: EmbedContentConfig = { taskType, outputDimensionality: 64 };
    const { body } = request(embedding({ texts: ['one'], purpose, dimensions: 64, providerOptions: { GEMINI: { title: 'a title' } } }));
    expect(body).toMatchObject({ requests: [{ ...config, title: 'a title' }] });
  });

  test.each([
    ['QUERY', 'task: search result | query: one'],
    ['DOCUMENT', 'title: none | text: one'],
    ['SIMILARITY', 'task: sentence similarity | query: one'],
    ['CLASSIFICATION', 'task: classification | query: one'],
    ['CLUSTERING', 'task: clustering | query: one'],
  ] as const)('the purpose %s stands before the text for a model that knows no task types', (purpose, text) => {
    for (const target of [{ upstreamModel: 'models/gemini-embedding-2' }, { upstreamModel: '4711', model: 'gemini-embedding-2' }]) {
      const { body, warnings } = request(embedding({ texts: ['one'], purpose }), { target });
      expect(body).toMatchObject({ requests: [{ content: { parts: [{ text }] } }] });
      expect(JSON.stringify(body)).not.toContain('taskType');
      expect(warnings).toEqual([]);
    }
  });

  test('what the vendor has no field for, or has refused, is told', () => {
    const { body, warnings } = request(embedding({ texts: ['one'], user: 'ann', dimensions: 2 }), { refused: ['outputDimensionality'] });
    expect(JSON.stringify(body)).not.toMatch(/ann|outputDimensionality/);
    expect(warnings.join('\n')).toMatch(/user was left out[^]*outputDimensionality was left out/);
  });
});

describe('the answer', () => {
  const values = (...numbers: number[]): ContentEmbedding & { values: number[] } => ({ values: numbers });

  test('has a vector for each text, and the tokens that were counted', () => {
    const { result, usage } = answer(
      { embeddings: [values(1, 2), values(3, 4)], usageMetadata: { promptTokenCount: 6 } } as never,
      embedding(),
    );
    expect(result).toEqual({ operation: 'EMBEDDING', vectors: [[1, 2], [3, 4]] }); // prettier-ignore
    expect(usage).toMatchObject({ input: 6, source: 'REPORTED', raw: { promptTokenCount: 6 } });
  });

  test('has no usage where none was told', () => {
    expect(answer({ embeddings: [values(1), values(2)] } as never, embedding()).usage).toBeNull();
  });

  test('is unreadable where a vector is missing', () => {
    expect(() => answer({ embeddings: [values(1)] } as never, embedding())).toThrow(UnreadableBody);
    expect(() => answer({}, embedding())).toThrow(UnreadableBody);
  });
});
