/** PostgreSQL's text and jsonb hold neither NUL nor half a surrogate pair; upstreams and callers may send both. */
const UNSTORABLE = /[\0\p{Surrogate}]/gu;
const REPLACEMENT = '\uFFFD';
/** JSON.stringify writes both as escapes, which few texts contain at all: looking for those is much cheaper than a replacer. */
const ESCAPED = /\\u(?:0000|d[89a-f])/;

/** JSON that PostgreSQL takes: what it can't hold becomes U+FFFD, in values and in names. */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value);
  return ESCAPED.test(text) ? JSON.stringify(value, storable) : text;
}

/** Text as `storableJson` stores it, so that what was stored can be looked for. */
export function storableText(text: string): string {
  return text.replace(UNSTORABLE, REPLACEMENT);
}

function storable(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [storableText(name), member]));
}
