import type { AnswerDelta } from '../../core/answer.js';
import { NO_TOKENS } from '../../core/usage.js';
import type { TokenClasses, TokenUsage } from '../../core/usage.js';
import { MEDIA_TOKENS, soundBytesOf, tokensOfBytes, tokensOfSound } from '../token-estimate.js';

/** What one upstream call has delivered so far, counted and not kept. */
export interface ProgressCount {
  add(deltas: readonly AnswerDelta[]): void;
  /** Estimated as the words themselves would be; null where nothing has come. */
  delivered(): TokenClasses | null;
  readonly reported: TokenUsage | null;
  readonly serviceTier: string | null;
}

export function createProgressCount(): ProgressCount {
  return new RunningCount();
}

class RunningCount implements ProgressCount {
  reported: TokenUsage | null = null;
  serviceTier: string | null = null;
  private seen = false;
  private wordBytes = 0;
  private reasoningBytes = 0;
  private pictures = 0;
  private soundBytes = 0;

  add(deltas: readonly AnswerDelta[]): void {
    for (const delta of deltas) this.addOne(delta);
  }

  delivered(): TokenClasses | null {
    if (!this.seen) return null;
    const [output, reasoning] = [tokensOfBytes(this.wordBytes), tokensOfBytes(this.reasoningBytes)];
    return {
      ...NO_TOKENS,
      output,
      reasoning,
      audioOutput: tokensOfSound(this.soundBytes),
      imageOutput: this.pictures * MEDIA_TOKENS.image,
    };
  }

  private addOne(delta: AnswerDelta): void {
    if (delta.type === 'usage') this.reported = delta.usage;
    else if (delta.type === 'serviceTier') this.serviceTier = delta.serviceTier;
    else if (delta.type === 'finish' || delta.type === 'failure' || delta.type === 'end') return;
    else {
      this.seen = true;
      if (delta.type === 'result') return;
      if (delta.type === 'reasoning') this.reasoningBytes += Buffer.byteLength(delta.text ?? '') + Buffer.byteLength(delta.redacted ?? '');
      else if (delta.type === 'media') this.addMedia(delta);
      else if (delta.type === 'toolCall') this.wordBytes += Buffer.byteLength(delta.name ?? '') + Buffer.byteLength(delta.argumentsDelta);
      else this.wordBytes += Buffer.byteLength(delta.text);
    }
  }
  private addMedia(media: Extract<AnswerDelta, { type: 'media' }>): void {
    const sound = soundBytesOf(media);
    if (sound === null) this.pictures += 1;
    else this.soundBytes += sound;
  }
}
