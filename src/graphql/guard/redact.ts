/** Long enough for every message of ours; what is longer carries a caller's text. */
const MAX_LENGTH = 400;
const MAX_QUOTED = 64;

/**
 * graphql-js quotes the values that callers sent in its messages; a value may be a secret, or a whole prompt. Keeps what is
 * wrong and where, and drops the value.
 */
export function withoutValues(message: string): string {
  let text = cutValue(message, ' got invalid value ');
  text = cutValue(text, ', found ');
  text = text.replace(/( cannot represent[^:]*? value): [\s\S]*$/, '$1.');
  text = text.replace(/( cannot represent an invalid [\w-]+) [\s\S]*$/, '$1.');
  text = text.replace(/(Value is not [\w ]+): [\s\S]*$/, '$1.');
  text = text.replace(/"((?:[^"\\]|\\.)*)"/g, (quoted: string, inner: string) => (inner.length > MAX_QUOTED ? '"…"' : quoted));
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
}

export function withoutSuggestions(message: string): string {
  return message.replace(/ Did you mean [\s\S]*\?/, '');
}

/** Drops the value that follows `marker`; what comes after the value (its path, the reason) stays. */
function cutValue(message: string, marker: string): string {
  const start = message.indexOf(marker);
  if (start === -1) return message;
  const kept = marker === ', found ' ? '' : marker.trimEnd();
  return message.slice(0, start) + kept + message.slice(endOfValue(message, start + marker.length));
}

/** Where a printed value ends: outside quotes and brackets, before its path, its reason, or the final stop. */
function endOfValue(text: string, from: number): number {
  let nesting = 0;
  for (let at = from; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === '{' || character === '[') nesting += 1;
    else if (character === '}' || character === ']') nesting -= 1;
    else if (nesting <= 0 && (text.startsWith('; ', at) || text.startsWith(' at "', at) || (character === '.' && at === text.length - 1)))
      return at;
  }
  return text.length;
}

/** The index of the closing quote. */
function endOfString(text: string, open: number): number {
  if (text.startsWith('"""', open)) {
    const close = text.indexOf('"""', open + 3);
    return close === -1 ? text.length : close + 2;
  }
  for (let at = open + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length;
}
