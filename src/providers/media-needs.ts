import type { ProviderTarget } from './contract.js';
import type { MediaPart } from './media-types.js';
import { quirksOf } from './presets.js';

type Place = Pick<ProviderTarget, 'wireFormat' | 'preset' | 'baseUrl' | 'upstreamModel'>;

/**
 * Whether a target takes the part, but not by its address: its wire format has no place for one, or its vendor fetches nothing.
 * What it takes in no form at all is its translator's to refuse.
 */
export function needsBytes(part: MediaPart, target: Place): boolean {
  const { media } = part;
  if (media.url === null || media.url.startsWith('data:')) return false;
  switch (target.wireFormat) {
    case 'OPENAI_CHAT': {
      const { noForm = [], documentByUrl = false, imagesAsBytes = false } = quirksOf(target);
      if (noForm.includes(part.kind)) return false;
      return part.kind === 'audio' || (part.kind === 'image' ? imagesAsBytes : !documentByUrl);
    }
    // Of documents only PDFs have an address: https://platform.claude.com/docs/en/build-with-claude/pdf-support
    case 'ANTHROPIC_MESSAGES':
      return part.kind === 'document' && media.mimeType !== null && media.mimeType !== 'application/pdf';
    case 'GEMINI':
      return !isGoogles(media.url) && (media.mimeType === null || !FETCHES.test(target.upstreamModel) || !media.url.startsWith('https:'));
    // Its own storage apart, which no part can name.
    case 'BEDROCK_CONVERSE':
      return true;
    case 'OPENAI_RESPONSES':
      return false;
  }
}

/** Files of its own and videos, which need no fetching. */
function isGoogles(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'generativelanguage.googleapis.com' || /(^|\.)(youtube\.com|youtu\.be)$/.test(hostname);
}

/** From 2.5 on, and only with a media type: https://ai.google.dev/gemini-api/docs/file-input-methods */
const FETCHES = /^(?!gemini-(1|2\.0)\b)/;
