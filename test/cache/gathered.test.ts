import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createGathered } from '../../src/cache/gathered.js';
import { GatewayError } from '../../src/core/errors.js';
import { settled } from '../kit/manual-clock.js';

/** Askings in the test's hands. */
function stage(limits: { most?: number; lanes?: number } = {}) {
  const askings: { readonly questions: readonly number[]; answer(): void; fail(error: unknown): void }[] = [];
  const ask = createGathered<number, string>({
    most: 10,
    lanes: 1,
    ...limits,
    ask: (questions) =>
      new Promise((resolve, reject) => {
        askings.push({ questions, answer: () => resolve(questions.map((question) => `to ${question}`)), fail: reject });
      }),
  });
  return { ask, askings };
}

test('alone a question goes at once; what comes meanwhile goes together, in its order, and at most so many', async () => {
  const { ask, askings } = stage({ most: 3 });
  const answers = [1, 2, 3, 4, 5].map(ask);
  expect(askings.map(({ questions }) => questions)).toEqual([[1]]);
  askings[0]!.answer();
  await settled();
  expect(askings[1]!.questions).toEqual([2, 3, 4]);
  askings[1]!.answer();
  await settled();
  askings[2]!.answer();
  expect(await Promise.all(answers)).toEqual(['to 1', 'to 2', 'to 3', 'to 4', 'to 5']);
});

test('as many lanes as are given are used', async () => {
  const { ask, askings } = stage({ lanes: 2 });
  const answers = [1, 2, 3].map(ask);
  expect(askings.map(({ questions }) => questions)).toEqual([[1], [2]]);
  askings[1]!.answer();
  await settled();
  expect(askings[2]!.questions).toEqual([3]);
  for (const asking of askings) asking.answer();
  expect(await Promise.all(answers)).toEqual(['to 1', 'to 2', 'to 3']);
});

test('a database that is away fails all of an asking, once; the next one is asked all the same', async () => {
  const { ask, askings } = stage();
  const answers = [1, 2, 3, 4].map((question) => ask(question).catch((error: unknown) => String(error)));
  askings[0]!.answer();
  await settled();
  askings[1]!.fail(new GatewayError('SERVICE_UNAVAILABLE', 'away'));
  const away = 'GatewayError: away';
  expect(await Promise.all(answers)).toEqual(['to 1', away, away, away]);
  expect(askings).toHaveLength(2);
  void ask(5);
  await settled();
  expect(askings[2]!.questions).toEqual([5]);
});

test('one question’s own fault is no other’s: each is asked alone', async () => {
  const asked: (readonly number[])[] = [];
  const ask = createGathered<number, string>({
    most: 10,
    lanes: 1,
    ask: async (questions) => {
      asked.push(questions);
      await settled();
      if (questions.includes(3)) throw new Error('3 is bad');
      return questions.map(String);
    },
  });
  const answers = await Promise.allSettled([1, 2, 3, 4].map(ask));
  expect(answers.map((each) => (each.status === 'fulfilled' ? each.value : String(each.reason)))).toEqual([
    '1',
    '2',
    'Error: 3 is bad',
    '4',
  ]);
  expect(asked).toEqual([[1], [2, 3, 4], [2], [3], [4]]);
});

test('each gets its own answer, whatever comes when', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.nat(50), { maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      async (s, questions, most) => {
        const ask = createGathered<number, number>({
          most,
          lanes: 2,
          ask: (batch) => s.schedule(Promise.resolve(batch.map((question) => question * 2))),
        });
        const answers = questions.map((question) => s.schedule(Promise.resolve()).then(() => ask(question)));
        const all = s.waitFor(Promise.all(answers));
        expect(await all).toEqual(questions.map((question) => question * 2));
      },
    ),
    { numRuns: 50 },
  );
});
