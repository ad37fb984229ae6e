import type { AnswerDelta } from '../../core/answer.js';
import { NO_TOKENS } from '../../core/usage.js';
import type { TokenClasses, TokenUsage } from '../../core/usage.js';
import { MEDIA_TOKENS, tokensOfBytes } from '../token-estimate.js';

/** What one upstream call has delivered so far, counted and not kept. */
export interface ProgressCount {
  add(deltas: readonly AnswerDelta[]): void;
  /** Estimated as the words themselves would be; null where nothing has come. */
  delivered(): TokenClasses | null;
  readonly reported: TokenUsage | null;
  readonly serviceTier: string | null;
}

export function createProgressCount(): ProgressCount {
  let seen = false;
  let wordBytes = 0;
  let reasoningBytes = 0;
  let mediaTokens = 0;
  let reported: TokenUsage | null = null;
  let serviceTier: string | null = null;

  function addOne(delta: AnswerDelta): void {
    if (delta.type === 'usage') reported = delta.usage;
    else if (delta.type === 'serviceTier') serviceTier = delta.serviceTier;
    else if (delta.type === 'finish' || delta.type === 'failure' || delta.type === 'end') return;
    else {
      seen = true;
      if (delta.type === 'result') return;
      if (delta.type === 'reasoning') reasoningBytes += Buffer.byteLength(delta.text ?? '') + Buffer.byteLength(delta.redacted ?? '');
      else if (delta.type === 'media') mediaTokens += MEDIA_TOKENS.image;
      else if (delta.type === 'toolCall') wordBytes += Buffer.byteLength(delta.name ?? '') + Buffer.byteLength(delta.argumentsDelta);
      else wordBytes += Buffer.byteLength(delta.text);
    }
  }

  return {
    add(deltas) {
      for (const delta of deltas) addOne(delta);
    },
    delivered: () =>
      seen ? { ...NO_TOKENS, output: tokensOfBytes(wordBytes), reasoning: tokensOfBytes(reasoningBytes), imageOutput: mediaTokens } : null,
    get reported() {
      return reported;
    },
    get serviceTier() {
      return serviceTier;
    },
  };
}
