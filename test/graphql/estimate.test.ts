import { describe, expect, test } from '@jest/globals';
import { fail, invalidRequest, userError } from '../../src/core/errors.js';
import type { UserError } from '../../src/core/errors.js';
import { makeContext, makePrincipal, makeServices, run } from './world.js';

const DOCUMENT = /* GraphQL */ `
  query ($input: CompletionInput!) {
    estimateCost(input: $input) {
      low {
        amount
        currency
      }
      expected {
        amount
      }
      high {
        amount
      }
      inputTokens
      expectedOutputTokens
      basis
      decision {
        seed
        attempts {
          index
        }
      }
    }
  }
`;
const INPUT = { model: 'gpt-x', messages: [{ role: 'USER', text: 'hi' }], maxCost: '0.5' };

describe('estimateCost', () => {
  test('hands the input on as it was given, and answers what is predicted; unknown amounts are null', async () => {
    const services = makeServices();
    const asked: unknown[] = [];
    const estimate: typeof services.completions.estimate = (principal, input) => {
      asked.push(input);
      return services.completions.estimate(principal, input);
    };
    const context = makeContext({ ...services, completions: { ...services.completions, estimate } }, makePrincipal(['INFERENCE']));
    const { data } = await run(context, DOCUMENT, { input: INPUT });
    expect(asked).toMatchObject([INPUT]);
    expect(data).toEqual({
      estimateCost: {
        low: { amount: '0.1', currency: 'USD' },
        expected: { amount: '0.2' },
        high: null,
        ...{ inputTokens: 3, expectedOutputTokens: 5, basis: 'as told', decision: { seed: 's', attempts: [] } },
      },
    });
  });

  test.each<[UserError, string]>([
    [invalidRequest([{ path: 'messages', message: 'must not be empty' }]), 'BAD_USER_INPUT'],
    [userError('MODEL_NOT_FOUND', { model: 'x' }), 'BAD_USER_INPUT'],
    [userError('MODEL_NOT_ALLOWED', { model: 'x' }), 'FORBIDDEN'],
  ])('tells %j as %s, and leaves the rest of a document standing', async (error, code) => {
    const services = makeServices();
    const completions = { ...services.completions, estimate: () => fail(error) };
    const context = makeContext({ ...services, completions }, makePrincipal(['INFERENCE']));
    const { data, errors } = await run(context, DOCUMENT.replace('estimateCost', 'viewer { permissions } estimateCost'), { input: INPUT });
    expect(data).toEqual({ viewer: { permissions: ['INFERENCE'] }, estimateCost: null });
    expect(errors).toMatchObject([{ message: error.message, originalError: { code } }]);
  });
});
