/** What models of one maker can be told in Converse's form: it has one body for all, and they don't take the same. */
export interface Family {
  /** Takes back its own signed thoughts. */
  readonly signedThoughts: boolean;
  readonly cachePoints: boolean;
  readonly cacheForHour: boolean;
  /** Has a flag for a tool's error. */
  readonly resultStatus: boolean;
  /** In which words it is told to reason; null where it can't be. */
  readonly reasoning: 'claude' | 'nova' | 'effort' | null;
  /** The vendor's own structured output. */
  readonly structuredOutput: boolean;
}

const PLAIN: Family = {
  signedThoughts: false,
  cachePoints: false,
  cacheForHour: false,
  resultStatus: false,
  reasoning: null,
  structuredOutput: true,
};

/**
 * By the names of https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html and
 * https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
 */
const FAMILIES: readonly (readonly [RegExp, Family])[] = [
  [/claude|anthropic/, { ...PLAIN, signedThoughts: true, cachePoints: true, cacheForHour: true, resultStatus: true, reasoning: 'claude' }],
  [/nova-2/, { ...PLAIN, cachePoints: true, resultStatus: true, reasoning: 'nova', structuredOutput: false }],
  [/nova/, { ...PLAIN, cachePoints: true, resultStatus: true, structuredOutput: false }],
  [/gpt-oss|openai/, { ...PLAIN, reasoning: 'effort' }],
];

/** The upstream's own name counts; where it is opaque (an inference profile of one's own), the model's slug does. */
export function familyOf({ upstreamModel, model }: { readonly upstreamModel: string; readonly model: string }): Family {
  const find = (name: string) => FAMILIES.find(([pattern]) => pattern.test(name.toLowerCase()))?.[1];
  return find(upstreamModel) ?? find(model) ?? PLAIN;
}
