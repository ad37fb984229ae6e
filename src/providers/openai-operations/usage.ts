import { isJsonObject } from '../../core/json.js';
import type { JsonValue } from '../../core/json.js';
import { disjointUsage } from '../../core/usage.js';
import type { TokenUsage } from '../../core/usage.js';
import { objectOf } from '../json-read.js';
import { storable, tokensOf } from '../usage-read.js';

/** Of what sends words and is answered without: some report the total only. */
export function promptUsage(raw: JsonValue | undefined): TokenUsage | null {
  if (!isJsonObject(raw)) return null;
  const promptTotal = tokensOf(raw['prompt_tokens']) ?? tokensOf(raw['input_tokens']) ?? tokensOf(raw['total_tokens']);
  if (promptTotal === null) return null;
  return disjointUsage({ promptTotal, promptParts: {}, answerTotal: 0, answerParts: {}, raw: storable(raw) });
}

/** Of what is sent or answered in images or audio, by the details that are told. */
export function mediaUsage(raw: JsonValue | undefined, answer: 'imageOutput' | 'output'): TokenUsage | null {
  if (!isJsonObject(raw)) return null;
  const promptTotal = tokensOf(raw['input_tokens']);
  const answerTotal = tokensOf(raw['output_tokens']);
  if (promptTotal === null || answerTotal === null) return null;
  const sent = objectOf(raw['input_tokens_details'] ?? raw['input_token_details']);
  const said = objectOf(raw['output_tokens_details']);
  const imageOutput = answer === 'imageOutput' ? (tokensOf(said['image_tokens']) ?? answerTotal) : 0;
  return disjointUsage({
    promptTotal,
    promptParts: { imageInput: tokensOf(sent['image_tokens']) ?? 0, audioInput: tokensOf(sent['audio_tokens']) ?? 0 },
    answerTotal,
    answerParts: { imageOutput },
    raw: storable(raw),
  });
}
