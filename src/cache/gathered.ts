import { GatewayError } from '../core/errors.js';

export interface GatheredOptions<Question, Answer> {
  /** Answers all of them, in their order, or none. */
  readonly ask: (questions: readonly Question[]) => Promise<readonly Answer[]>;
  /** Questions in one asking. */
  readonly most: number;
  /** Askings at a time. */
  readonly lanes: number;
}

interface Asked<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Joins what is asked of the database at the same time, so that a burst costs a few transactions and not hundreds:
 * 1. Where a lane is free a question goes at once: alone it waits for nobody.
 * 2. Else it waits, and goes with all others that wait as soon as a lane is free.
 * 3. An asking that fails because the database is away fails for all of it. Any other fault may be one question's own: then each is
 *    asked alone.
 */
export function createGathered<Question, Answer>(options: GatheredOptions<Question, Answer>): (question: Question) => Promise<Answer> {
  const { ask, most, lanes } = options;
  const waiting: Asked<Question, Answer>[] = [];
  let busy = 0;

  const next = (): void => {
    if (busy >= lanes || waiting.length === 0) return;
    busy += 1;
    void answer(waiting.splice(0, most), ask).finally(() => {
      busy -= 1;
      next();
    });
  };
  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, resolve, reject });
      next();
    });
}

/** Never rejects. */
async function answer<Question, Answer>(
  asked: readonly Asked<Question, Answer>[],
  ask: GatheredOptions<Question, Answer>['ask'],
): Promise<void> {
  try {
    const answers = await ask(asked.map(({ question }) => question));
    for (const [index, { resolve, reject }] of asked.entries()) {
      const own = answers[index];
      if (own === undefined) reject(new Error('a question was not answered'));
      else resolve(own);
    }
  } catch (error) {
    const alone = asked.length === 1 || (error instanceof GatewayError && error.code === 'SERVICE_UNAVAILABLE');
    if (alone) for (const { reject } of asked) reject(error);
    else for (const one of asked) await answer([one], ask);
  }
}
