/** Reads the environment and gathers what is wrong with it, so that all faults can be told together. */
export interface Reader {
  readonly faults: string[];
  fault(variable: string, problem: string): void;
  /** What is set to nothing counts as unset: compose files write `PORT=`. */
  text(variable: string): string | null;
  /** `parse` throws an Error whose message follows the variable's name. */
  parsed<T>(variable: string, parse: (text: string) => T): T | null;
  word<Word extends string>(variable: string, words: readonly Word[], fallback: Word): Word;
  integer(variable: string, bounds: { fallback: number; largest: number }): number;
}

export function createReader(env: NodeJS.ProcessEnv): Reader {
  const faults: string[] = [];
  const fault = (variable: string, problem: string): void => {
    faults.push(`${variable} ${problem}`);
  };
  const text = (variable: string): string | null => env[variable]?.trim() || null;
  const parsed = <T>(variable: string, parse: (text: string) => T): T | null => {
    const given = text(variable);
    if (given === null) return null;
    try {
      return parse(given);
    } catch (error) {
      fault(variable, error instanceof Error ? error.message : String(error));
      return null;
    }
  };
  return {
    faults,
    fault,
    text,
    parsed,
    word: (variable, words, fallback) => parsed(variable, (given) => oneOf(given, words)) ?? fallback,
    integer: (variable, { fallback, largest }) => parsed(variable, (given) => wholeNumber(given, largest)) ?? fallback,
  };
}

function oneOf<Word extends string>(given: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === given.toLowerCase());
  if (found === undefined) throw new Error(`must be one of ${words.join(', ')}, not ${JSON.stringify(given)}`);
  return found;
}

function wholeNumber(given: string, largest: number): number {
  const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
  if (!(value <= largest)) throw new Error(`must be a whole number from 0 to ${largest}, not ${JSON.stringify(given)}`);
  return value;
}
