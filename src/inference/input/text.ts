/** Postgres keeps neither NUL nor half of a surrogate pair. */
const UNSTORABLE = /\0|\p{Surrogate}/u;
const ALL_UNSTORABLE = /\0|\p{Surrogate}/gu;
const MAX_QUOTED_LENGTH = 60;

/** Why a text can't be kept in the books; null where it can. */
export function whyNotStorable(text: string): string | null {
  return UNSTORABLE.test(text) ? 'must not hold NUL bytes or lone surrogates' : null;
}

/** A caller's own words, cut to a length, with what can't be stored made visible. Anything but text is empty. */
export function storable(value: unknown, maxLength: number): string {
  return typeof value === 'string' ? value.slice(0, maxLength).replace(ALL_UNSTORABLE, '\uFFFD') : '';
}

/** A caller's own words inside a message to them. */
export function quoted(text: string): string {
  return `“${storable(text, MAX_QUOTED_LENGTH)}”`;
}
