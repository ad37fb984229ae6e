import { Untranslatable } from '../contract.js';

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
  /**
   * A stream's input holds what the cache gave and took, as the maker itself counts; a whole answer's does not. Measured with GPT-5.6: 4,995
   * of which 4,993 were written, where the whole answer to the same prompt told 2 (https://github.com/maximhq/bifrost/pull/6942).
   */
  readonly streamedInputHoldsCache: boolean;
}

const PLAIN: Family = {
  signedThoughts: false,
  cachePoints: false,
  cacheForHour: false,
  resultStatus: false,
  reasoning: null,
  structuredOutput: true,
  streamedInputHoldsCache: false,
};

/**
 * By the names of https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html and
 * https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
 */
const FAMILIES: readonly (readonly [RegExp, Family])[] = [
  [/claude|anthropic/, { ...PLAIN, signedThoughts: true, cachePoints: true, cacheForHour: true, resultStatus: true, reasoning: 'claude' }],
  [/nova-2/, { ...PLAIN, cachePoints: true, resultStatus: true, reasoning: 'nova', structuredOutput: false }],
  [/nova/, { ...PLAIN, cachePoints: true, resultStatus: true, structuredOutput: false }],
  [/gpt-oss|openai/, { ...PLAIN, reasoning: 'effort', streamedInputHoldsCache: true }],
];

export function familyOf(target: Named): Family {
  return findByName(FAMILIES, target) ?? PLAIN;
}

interface Named {
  readonly upstreamModel: string;
  readonly model: string;
}

type Table<T> = readonly (readonly [RegExp, T])[];

/** The upstream's own name counts; where it is opaque (an inference profile of one's own), the model's slug does. The first match counts. */
function findByName<T>(table: Table<T>, { upstreamModel, model }: Named): T | null {
  const find = (name: string) => table.find(([pattern]) => pattern.test(name.toLowerCase()))?.[1];
  return find(upstreamModel) ?? find(model) ?? null;
}

/** In whose words models are asked for what no conversation is: each maker has a body of its own. */
const EMBEDDERS = [
  [/titan-embed-image/, 'titan-image'],
  [/titan-embed-text-v1|titan-embed-g1/, 'titan-v1'],
  [/titan-embed/, 'titan'],
  [/nova.*embed/, 'nova'],
  [/embed-(?:english|multilingual)/, 'cohere-v3'],
  [/cohere.*embed|embed-v\d/, 'cohere'],
] as const;
const PAINTERS = [
  [/nova-canvas|titan-image-generator/, 'amazon'],
  [/stability|stable-image|stable-diffusion|sd3/, 'stability'],
] as const;
const RANKERS = [
  [/amazon.*rerank/, 'amazon'],
  [/rerank/, 'cohere'],
] as const;

export type Embedder = (typeof EMBEDDERS)[number][1];
export type Painter = (typeof PAINTERS)[number][1];
export type Ranker = (typeof RANKERS)[number][1];

/** @throws Untranslatable where the model's name tells no maker, here and below. */
export function embedderOf(target: Named): Embedder {
  return findByName<Embedder>(EMBEDDERS, target) ?? unknown('vectors');
}

export function painterOf(target: Named): Painter {
  return findByName<Painter>(PAINTERS, target) ?? unknown('images');
}

export function rankerOf(target: Named): Ranker {
  return findByName<Ranker>(RANKERS, target) ?? unknown('rankings');
}

function unknown(what: string): never {
  throw new Untranslatable(`The name of this model tells no maker whose models are known to make ${what}.`);
}
