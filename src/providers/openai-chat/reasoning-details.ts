import { isJsonObject } from '../../core/json.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import { isJsonList, listOf, parseJson, textOf } from '../json-read.js';

/**
 * OpenRouter's reasoning as its makers signed or closed it, which goes back unchanged
 * (https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks). In a stream its texts come in pieces.
 */
export type ReasoningDetails = readonly JsonObject[];

/** Put before a signature that holds them; see signatures.ts. */
const DETAILS_MARK = 'openrouter:';
/** What comes in pieces. */
const PIECES = ['text', 'summary', 'data'] as const;

export function addDetails(known: ReasoningDetails, given: JsonValue | undefined): ReasoningDetails {
  return listOf(given)
    .filter(isJsonObject)
    .reduce<ReasoningDetails>((details, piece) => {
      const position = details.findLastIndex(({ type, index }) => type === piece['type'] && index === piece['index']);
      const detail = details[position];
      return detail === undefined ? [...details, piece] : details.with(position, joined(detail, piece));
    }, known);
}

function joined(detail: JsonObject, piece: JsonObject): JsonObject {
  const pieces = PIECES.flatMap((name) => {
    const text = `${textOf(detail[name]) ?? ''}${textOf(piece[name]) ?? ''}`;
    return text === '' ? [] : [[name, text] as const];
  });
  const said = Object.entries(piece).filter(([, value]) => value !== null);
  return { ...detail, ...Object.fromEntries(said), ...Object.fromEntries(pieces) };
}

/** All of them as the signature of a reasoning part; null where nothing is signed or closed, and the text alone says as much. */
export function signatureOf(details: ReasoningDetails): string | null {
  const isSealed = details.some(({ signature, data }) => textOf(signature) !== null || textOf(data) !== null);
  return isSealed ? DETAILS_MARK + Buffer.from(JSON.stringify(details)).toString('base64url') : null;
}

export function detailsOf(signature: string | null): ReasoningDetails {
  if (signature === null || !signature.startsWith(DETAILS_MARK)) return [];
  const details = parseJson(Buffer.from(signature.slice(DETAILS_MARK.length), 'base64url').toString('utf8'));
  return isJsonList(details) ? details.filter(isJsonObject) : [];
}
