import type { InputProblem } from './errors.js';

const SLUG = /^[a-z0-9][a-z0-9._-]*$/;
const MAX_SLUG_LENGTH = 63;
const MAX_NAME_LENGTH = 200;
/** Postgres keeps no NUL, and no other control character belongs into a name. */
const CONTROL_CHARACTERS = /\p{Cc}/u;
const EARLIEST = Date.UTC(1970, 0, 1);
const LATEST = Date.UTC(9999, 11, 31);

/** Gathers what is wrong with an input, each problem with its path; the first of a path counts. */
export interface InputChecks {
  readonly problems: readonly InputProblem[];
  add(path: string, message: string): void;
  slug(path: string, value: string): void;
  /** Not empty, at most `max` characters (200), no control characters. */
  text(path: string, value: string, max?: number): void;
  integer(path: string, value: number, range: { readonly min: number; readonly max: number }): void;
  /** A real instant of the years 1970 to 9999. */
  instant(path: string, value: Date): void;
  /** The word is one of a closed list. */
  word(path: string, value: string, words: readonly string[]): void;
}

export function createInputChecks(): InputChecks {
  const problems: InputProblem[] = [];
  const add = (path: string, message: string) => {
    if (!problems.some((known) => known.path === path)) problems.push({ path, message });
  };
  return {
    problems,
    add,
    slug(path, value) {
      if (!isSlug(value)) add(path, `must match [a-z0-9][a-z0-9._-]* and have at most ${MAX_SLUG_LENGTH} characters`);
    },
    text(path, value, max = MAX_NAME_LENGTH) {
      if (value.trim() === '') add(path, 'must not be empty');
      else if (value.length > max) add(path, `must have at most ${max} characters`);
      else if (CONTROL_CHARACTERS.test(value)) add(path, 'must not hold control characters');
    },
    integer(path, value, { min, max }) {
      if (!Number.isSafeInteger(value) || value < min || value > max) add(path, `must be a whole number from ${min} to ${max}`);
    },
    instant(path, value) {
      const time = value.getTime();
      if (!(time >= EARLIEST && time <= LATEST)) add(path, 'must be an instant between the years 1970 and 9999');
    },
    word(path, value, words) {
      if (!words.includes(value)) add(path, `must be one of ${words.join(', ')}`);
    },
  };
}

export function isSlug(text: string): boolean {
  return text.length <= MAX_SLUG_LENGTH && SLUG.test(text);
}
