const LONGEST_DETAIL = 500;
/** A shorter value can't be a credential, and would mangle ordinary words. */
const SHORTEST_SECRET = 6;

/** Credentials as vendors write them, for those that are not ours to know: another tenant's key echoed by a proxy, a token in a URL. */
const SECRET_SHAPES: readonly RegExp[] = [
  /\b(bearer|basic)\s+[\w\-.~+/=]{6,}/gi,
  /\b(sk|pk|rk|gsk|xai|csk|pplx|fw|hf|r8|key|tgp)[-_][\w-]{8,}/gi,
  /\bAIza[\w-]{20,}/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}(\.[\w-]*)?/g,
  /([?&](api[-_]?key|key|token|access_token)=)[^&\s"']+/gi,
  /("?(api[-_]?key|authorization|x-api-key|access_token)"?\s*[:=]\s*"?)[^\s",}]{6,}/gi,
];

/** An upstream's own words, fit to be stored and logged: one line, without secrets, of bounded length. */
export function cleanDetail(text: string, secrets: readonly string[]): string {
  const known = secrets.filter((secret) => secret.length >= SHORTEST_SECRET);
  const withoutKnown = known.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text);
  const clean = SECRET_SHAPES.reduce((rest, shape) => rest.replace(shape, '[secret]'), withoutKnown);
  const line = clean.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length <= LONGEST_DETAIL ? line : `${line.slice(0, LONGEST_DETAIL - 1)}…`;
}
