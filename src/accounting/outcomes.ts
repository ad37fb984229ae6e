import type { AssistantMessage, AssistantPart } from '../core/answer.js';
import { assertNever } from '../core/assert-never.js';
import { NO_TOKENS, NO_USAGE, TOKEN_CLASSES } from '../core/usage.js';
import type { TokenClasses, TokenUsage, UsageUnits } from '../core/usage.js';
import { MEDIA_TOKENS, soundBytesOf, tokensOfSound, tokensOfText } from './token-estimate.js';

/** How one upstream call ended, as far as who pays is concerned. A timeout of the provider's is its failure; a total timeout ours. */
export const SETTLED_OUTCOMES = ['success', 'cancelled', 'provider-failed', 'gateway-failed'] as const;
export type SettledOutcome = (typeof SETTLED_OUTCOMES)[number];

/** What is billed where the provider reported nothing. */
export type UnreportedUsage =
  /** The prompt and what was delivered, estimated. */
  | 'prompt-and-delivered'
  /** The prompt, estimated, where a request reached the provider; else nothing. */
  | 'prompt-if-accepted'
  | 'nothing';

export interface WhoPays {
  /** The outcome in words; shown in the docs. */
  readonly title: string;
  readonly outputSeen: UnreportedUsage;
  readonly noOutput: UnreportedUsage;
}

/**
 * Who pays, by outcome. What the provider reported always stands as reported, so the table tells only what is done without.
 * Words that were delivered were made from the prompt, so their estimate includes the prompt's, whatever the outcome.
 */
export const WHO_PAYS: Readonly<Record<SettledOutcome, WhoPays>> = {
  success: { title: 'success', outputSeen: 'prompt-and-delivered', noOutput: 'nothing' },
  cancelled: { title: 'client left / cancelled', outputSeen: 'prompt-and-delivered', noOutput: 'prompt-if-accepted' },
  'provider-failed': { title: 'provider error or timeout', outputSeen: 'prompt-and-delivered', noOutput: 'nothing' },
  'gateway-failed': { title: 'gateway error, crash', outputSeen: 'prompt-and-delivered', noOutput: 'prompt-if-accepted' },
};

export interface CallEnd {
  readonly outcome: SettledOutcome;
  /** The provider's last reading; null where there was none. */
  readonly reported: TokenUsage | null;
  /** What had come by the end. */
  readonly delivered: AssistantMessage;
  /** What had come is no message, and has no tokens of its own. */
  readonly hasResult?: boolean;
  /** Whether the provider had accepted the request (for a gateway failure: whether it had been sent). */
  readonly accepted: boolean;
  /** Estimated tokens of the prompt, or of what another operation sends (`estimateInput`). */
  readonly promptEstimate: number;
  /** What of it is billed by the piece. */
  readonly promptUnits?: UsageUnits | undefined;
}

/** The usage to bill for one upstream call. Its source flags it: REPORTED, ESTIMATED, or NONE where nothing is billed. */
export function settleUsage(end: CallEnd): TokenUsage {
  const { outcome, reported, delivered: message, hasResult = false, accepted, promptEstimate, promptUnits } = end;
  const outputSeen = hasResult || message.parts.length > 0 || message.refusal !== null;
  const delivered = outputSeen ? () => estimateDelivered(message) : null;
  return settleCounted({ outcome, reported, delivered, accepted, promptEstimate, promptUnits });
}

/** `settleUsage` where the words are gone and only their count is known; null where there were none. */
export type CountedEnd = Omit<CallEnd, 'delivered' | 'hasResult'> & { readonly delivered: (() => TokenClasses) | null };

export function settleCounted({ outcome, reported, delivered, accepted, promptEstimate, promptUnits }: CountedEnd): TokenUsage {
  if (reported !== null && reported.source === 'REPORTED') return reported;
  const rule = delivered ? WHO_PAYS[outcome].outputSeen : WHO_PAYS[outcome].noOutput;
  switch (rule) {
    case 'prompt-and-delivered':
      return estimated({ ...(delivered?.() ?? NO_TOKENS), input: promptEstimate }, promptUnits);
    case 'prompt-if-accepted':
      return accepted ? estimated({ ...NO_TOKENS, input: promptEstimate }, promptUnits) : NO_USAGE;
    case 'nothing':
      return NO_USAGE;
    default:
      return assertNever(rule);
  }
}

function estimated(classes: TokenClasses, units?: UsageUnits): TokenUsage {
  return { ...classes, source: 'ESTIMATED', raw: null, inconsistent: false, ...(units ? { units } : {}) };
}

/** Estimated tokens of what was delivered, by class; each class is rounded up once, not each part. */
export function estimateDelivered(message: AssistantMessage): TokenClasses {
  let words = message.refusal ?? '';
  let reasoning = '';
  let [pictures, soundBytes] = [0, 0];
  for (const part of message.parts) {
    words += wordsOf(part);
    if (part.kind === 'reasoning') reasoning += (part.text ?? '') + (part.redacted ?? '');
    if (part.kind !== 'media') continue;
    const sound = soundBytesOf(part);
    if (sound === null) pictures += 1;
    else soundBytes += sound;
  }
  const [output, audioOutput, imageOutput] = [tokensOfText(words), tokensOfSound(soundBytes), pictures * MEDIA_TOKENS.image];
  return { ...NO_TOKENS, output, reasoning: tokensOfText(reasoning), audioOutput, imageOutput };
}

function wordsOf(part: AssistantPart): string {
  if (part.kind === 'text') return part.text;
  return part.kind === 'toolCall' ? part.name + part.arguments : '';
}

/** Usage of several attempts together. `raw` is the last reading; one estimate makes the sum an estimate. */
export function sumUsage(usages: readonly TokenUsage[]): TokenUsage {
  const sum: Record<keyof TokenClasses, number> = { ...NO_TOKENS };
  for (const usage of usages) for (const name of TOKEN_CLASSES) sum[name] += usage[name];
  const sources = new Set(usages.map((usage) => usage.source));
  return {
    ...sum,
    source: sources.has('ESTIMATED') ? 'ESTIMATED' : sources.has('REPORTED') ? 'REPORTED' : 'NONE',
    raw: usages.findLast((usage) => usage.raw !== null)?.raw ?? null,
    inconsistent: usages.some((usage) => usage.inconsistent),
  };
}

/** What a row says of usage that is not simply as reported. */
export function usageWarnings(usage: TokenUsage): readonly string[] {
  const notes: string[] = [];
  if (usage.inconsistent) notes.push('inconsistent_usage: the provider’s token counts contradict one another and were clamped');
  if (usage.source === 'ESTIMATED') notes.push('estimated_usage: the provider reported no usage, so tokens and cost are estimates');
  return notes;
}
