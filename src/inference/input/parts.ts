import type { Media, Part } from '../../core/completion.js';
import { isJsonObject } from '../../core/json.js';
import { PROMPT_CACHE_TTLS } from '../../core/vocabulary.js';
import type { MessageRole } from '../../core/vocabulary.js';
import { given, isGiven, readPlace, readText, readWord, report, requireText } from './place.js';
import type { Place } from './place.js';

const KINDS = ['text', 'image', 'audio', 'document', 'toolCall', 'reasoning'] as const;
type Kind = (typeof KINDS)[number];

/** Who may say what. */
const KINDS_OF_ROLE: Readonly<Record<MessageRole, ReadonlySet<Kind>>> = {
  SYSTEM: new Set<Kind>(['text']),
  USER: new Set<Kind>(['text', 'image', 'audio', 'document']),
  ASSISTANT: new Set<Kind>(['text', 'toolCall', 'reasoning']),
  TOOL: new Set<Kind>(['text']),
};

const MAX_ID_LENGTH = 512;
const MAX_NAME_LENGTH = 255;
const MAX_URL_LENGTH = 8_192;
const MIME_TYPE = /^[\w.+-]+\/[\w.+-]+$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** One part of a message: exactly one kind, and one that its role may say. */
export function parsePart(place: Place, role: MessageRole | null): Part | null {
  const kinds = given(place, KINDS);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) return report(place, '', `must be exactly one of ${KINDS.join(', ')}`);
  if (role !== null && !KINDS_OF_ROLE[role].has(kind)) return report(place, kind, `is not for messages of role ${role}`);
  const part = parseKind(place, kind);
  const promptCache = readWord(place, 'promptCache', PROMPT_CACHE_TTLS);
  return part === null || promptCache === null ? part : { ...part, promptCache };
}

function parseKind(place: Place, kind: Kind): Part | null {
  switch (kind) {
    case 'text': {
      const text = readText(place, 'text');
      return text === null ? null : { kind, text, signature: readText(place, 'signature') };
    }
    case 'toolCall':
      return parseToolCall(place);
    case 'reasoning':
      return parseReasoning(place);
    default: {
      if (isGiven(place, 'signature')) report(place, 'signature', `does not go with ${kind}`);
      const media = readPlace(place, kind);
      return media && { kind, media: parseMedia(media, kind) };
    }
  }
}

function parseToolCall(place: Place): Part | null {
  const call = readPlace(place, 'toolCall');
  if (call === null) return null;
  const id = requireText(call, 'id', { filled: true, max: MAX_ID_LENGTH });
  const name = requireText(call, 'name', { filled: true, max: MAX_NAME_LENGTH });
  return { kind: 'toolCall', id, name, arguments: parseArguments(call), signature: readText(place, 'signature') };
}

/** Models write no arguments at all for a tool without parameters; that means an empty object. */
function parseArguments(call: Place): string {
  const text = requireText(call, 'arguments');
  if (text.trim() === '') return '{}';
  if (!isTextOfObject(text)) report(call, 'arguments', 'must be the JSON text of an object');
  return text;
}

function isTextOfObject(text: string): boolean {
  try {
    return isJsonObject(JSON.parse(text));
  } catch {
    return false;
  }
}

function parseReasoning(place: Place): Part | null {
  const reasoning = readPlace(place, 'reasoning');
  if (reasoning === null) return null;
  const signature = readText(place, 'signature');
  const part = { kind: 'reasoning', text: readText(reasoning, 'text'), redacted: readText(reasoning, 'redacted'), signature } as const;
  const empty = part.text === null && part.redacted === null && signature === null;
  return empty ? report(place, 'reasoning', 'needs text, redacted or a signature') : part;
}

function parseMedia(place: Place, kind: 'image' | 'audio' | 'document'): Media {
  const [source, second] = given(place, ['url', 'base64']);
  if (source === undefined || second !== undefined) report(place, '', 'needs either url or base64');
  const mimeType = readText(place, 'mimeType', { pattern: MIME_TYPE, max: MAX_NAME_LENGTH });
  if (source === 'base64' && !isGiven(place, 'mimeType')) report(place, 'mimeType', 'is required with base64');
  if (mimeType !== null && kind !== 'document' && !mimeType.startsWith(`${kind}/`)) report(place, 'mimeType', `must begin with ${kind}/`);
  const name = readText(place, 'name', { max: MAX_NAME_LENGTH });
  return { url: readUrl(place), base64: readBase64(place), mimeType, name };
}

function readUrl(place: Place): string | null {
  const value = place.fields['url'];
  if (value === undefined || value === null) return null;
  const text = value instanceof URL ? value.href : value;
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === 'data:') return url.href;
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (!isWeb) return report(place, 'url', 'must be an http, https or data URL');
  return url.href.length > MAX_URL_LENGTH ? report(place, 'url', `must have at most ${MAX_URL_LENGTH} characters`) : url.href;
}

function readBase64(place: Place): string | null {
  const text = readText(place, 'base64');
  if (text === null) return null;
  return text.length % 4 === 0 && BASE64.test(text) ? text : report(place, 'base64', 'must be base64 (RFC 4648, with padding)');
}
