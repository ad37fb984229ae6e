import { findProvider } from '@pydantic/genai-prices';
import type { ConditionalPrice, ModelInfo, ModelPrice, Provider as PriceList } from '@pydantic/genai-prices';
import { parseUsd } from '../core/money.js';
import type { PriceRate, PriceTier } from '../core/pricing.js';
import type { Operation, PriceComponent } from '../core/vocabulary.js';

/** The package's data, exact: its own sums are floating point and are not used. */
export const PRICE_SOURCE = 'genai-prices 0.1.8';

export interface ImportedModel {
  readonly slug: string;
  readonly name: string;
  readonly vendor: string;
  readonly operations: readonly Operation[];
  readonly contextWindow: number | null;
  /** Oldest first. Empty where no price of it can be told exactly. */
  readonly prices: readonly ImportedPrice[];
}

export interface ImportedPrice {
  readonly effectiveFrom: Date;
  readonly tiers: readonly PriceTier[];
}

export interface PriceImport {
  readonly models: readonly ImportedModel[];
  /** Prices left out: not whole picodollars a unit, or in words that ours lack (by the time of day, by the page …). */
  readonly skipped: { readonly inexact: number; readonly inexpressible: number };
}

interface OwnList {
  readonly vendor: string;
  readonly list: string;
  /** Where the list also tells of other vendors' models. */
  readonly own?: RegExp;
}

/** Vendors that sell what they make, in the order in which a slug is taken; what resellers ask is not here. */
const OWN_LISTS: readonly OwnList[] = [
  { vendor: 'openai', list: 'openai' },
  { vendor: 'anthropic', list: 'anthropic' },
  { vendor: 'google', list: 'google', own: /^(gemini|gemma)-/ },
  { vendor: 'mistral', list: 'mistral' },
  { vendor: 'cohere', list: 'cohere' },
  { vendor: 'voyageai', list: 'voyageai' },
  { vendor: 'deepseek', list: 'deepseek' },
  { vendor: 'xai', list: 'x-ai' },
  { vendor: 'perplexity', list: 'perplexity' },
  { vendor: 'moonshotai', list: 'moonshotai' },
  { vendor: 'minimax', list: 'minimax' },
  { vendor: 'zai', list: 'zai' },
];

/** Presets of hosts that serve others' models at prices of their own. */
const HOST_LISTS: ReadonlySet<string> = new Set(['groq', 'together', 'fireworks', 'openrouter', 'cerebras']);

/** Fine-tunes and a reseller's variants carry a colon or a dangling "ft-". */
const NOT_A_MODEL = /[:/]|\.ft-$/;
interface Specialty {
  readonly names: RegExp;
  readonly operation: Operation;
  /** Prices that it can't do without, in the data's words. */
  readonly needs: readonly string[];
  /** Prices of what the operation has no place for. */
  readonly unasked?: readonly string[];
}

/** What models that are not for completions are for, by their names; the first that fits counts. */
const SPECIALTIES: readonly Specialty[] = [
  { names: /(^|-)embed(ding)?(-|$)|^voyage-(?!context-)/, operation: 'EMBEDDING', needs: ['input_mtok'], unasked: ['input_video_mtok'] },
  { names: /^gpt-image-/, operation: 'IMAGE', needs: ['input_mtok', 'output_mtok'] },
  { names: /^gemini-.*-image(-preview)?$/, operation: 'IMAGE', needs: ['input_mtok', 'output_image_mtok'] },
  { names: /^gemini-.*-tts$/, operation: 'SPEECH', needs: ['input_mtok', 'output_mtok'] },
  { names: /^gpt-4o-(mini-)?transcribe$/, operation: 'TRANSCRIPTION', needs: ['input_audio_mtok', 'output_mtok'] },
  { names: /^(whisper-1|gpt-transcribe)$/, operation: 'TRANSCRIPTION', needs: ['audio_hours'] },
];
/** They speak neither completions nor any operation that is built. */
const NEITHER =
  /embed|ocr|image|tts|transcribe|realtime|-live|whisper|moderation|voice|^voyage-context-|instruct-\d*$|^(ada|babbage|curie|davinci|text-davinci-\d+|gpt-3\.5-turbo-instruct)$/;
const COMPLETIONS: Omit<Specialty, 'names'> = { operation: 'COMPLETION', needs: ['input_mtok', 'output_mtok'] };

const PER_MILLION = 1_000_000;
const PER_THOUSAND = 1_000;
const SECONDS_PER_HOUR = 3_600;

const COMPONENTS: Readonly<Record<string, { readonly component: PriceComponent; readonly per: number }>> = {
  input_mtok: { component: 'INPUT', per: PER_MILLION },
  cache_read_mtok: { component: 'CACHED_INPUT', per: PER_MILLION },
  cache_write_mtok: { component: 'CACHE_WRITE_5M', per: PER_MILLION },
  cache_write_1h_mtok: { component: 'CACHE_WRITE_1H', per: PER_MILLION },
  input_audio_mtok: { component: 'AUDIO_INPUT', per: PER_MILLION },
  input_image_mtok: { component: 'IMAGE_INPUT', per: PER_MILLION },
  output_mtok: { component: 'OUTPUT', per: PER_MILLION },
  output_reasoning_mtok: { component: 'REASONING', per: PER_MILLION },
  output_audio_mtok: { component: 'AUDIO_OUTPUT', per: PER_MILLION },
  output_image_mtok: { component: 'IMAGE_OUTPUT', per: PER_MILLION },
  requests_kcount: { component: 'REQUEST', per: PER_THOUSAND },
  audio_hours: { component: 'SECOND', per: SECONDS_PER_HOUR },
};

/** Bills of vendors' own tools, which no call here can ask for, and classes that no usage tells apart. */
const IGNORED: ReadonlySet<string> = new Set([
  'web_searches_kcount',
  'storage_searches_kcount',
  'cache_audio_read_mtok',
  'cache_image_read_mtok',
  // The same as audio_hours, under a second name.
  'input_audio_hours',
]);

const SINCE_EVER = new Date(0);

/** What the vendors themselves sell. */
export function importPrices(findList: (id: string) => PriceList | undefined = bundledList): PriceImport {
  const models = new Map<string, ImportedModel>();
  const skipped = { inexact: 0, inexpressible: 0 };
  for (const { vendor, list, own } of OWN_LISTS) {
    for (const info of findList(list)?.models ?? []) {
      const slug = slugOf(info.id);
      const specialty = specialtyOf(slug);
      if (specialty === null || NOT_A_MODEL.test(info.id) || (own && !own.test(info.id)) || models.has(slug)) continue;
      if (!entriesOf(info).some(({ prices }) => specialty.needs.every((name) => prices[name] !== undefined))) continue;
      const prices = readPrices(info, (reason) => (skipped[reason] += 1), specialty.unasked);
      models.set(slug, {
        slug,
        name: info.name ?? info.id,
        vendor,
        operations: [specialty.operation],
        contextWindow: info.context_window ?? null,
        prices,
      });
    }
  }
  return { models: [...models.values()], skipped };
}

/** What a host asks for a model under the host's own name; empty where it is the vendor itself, or not known. */
export function hostPrices(preset: string, upstreamModel: string): readonly ImportedPrice[] {
  if (!HOST_LISTS.has(preset)) return [];
  const name = upstreamModel.slice(upstreamModel.startsWith('accounts/') ? upstreamModel.lastIndexOf('/') + 1 : 0);
  const info = bundledList(preset)?.models.find((model) => model.id.toLowerCase() === name.toLowerCase());
  return info ? readPrices(info, () => undefined) : [];
}

function specialtyOf(slug: string): Omit<Specialty, 'names'> | null {
  const specialty = SPECIALTIES.find(({ names }) => names.test(slug));
  return specialty ?? (NEITHER.test(slug) ? null : COMPLETIONS);
}

/** Slugs know lower case, digits, dot, underscore and dash only. */
export function slugOf(id: string): string {
  return id.toLowerCase().replace(/[^a-z0-9._-]/g, '-');
}

function bundledList(id: string): PriceList | undefined {
  return findProvider({ providerId: id });
}

function entriesOf(info: ModelInfo): readonly ConditionalPrice[] {
  return Array.isArray(info.prices) ? info.prices : [{ prices: info.prices }];
}

function readPrices(
  info: ModelInfo,
  skip: (reason: 'inexact' | 'inexpressible') => void,
  unasked: readonly string[] = [],
): readonly ImportedPrice[] {
  const entries = entriesOf(info);
  // A price by the time of day makes the model's other prices wrong for part of it.
  if (entries.some(({ constraint }) => constraint?.type === 'time_of_date')) {
    skip('inexpressible');
    return [];
  }
  return entries.flatMap(({ constraint, prices }) => {
    const tiers = readTiers(Object.fromEntries(Object.entries(prices).filter(([name]) => !unasked.includes(name))));
    if (typeof tiers === 'string') skip(tiers);
    const effectiveFrom = constraint?.type === 'start_date' ? new Date(`${constraint.start_date}T00:00:00Z`) : SINCE_EVER;
    return typeof tiers === 'string' ? [] : [{ effectiveFrom, tiers }];
  });
}

/** Each component may have bounds of its own; ours hold for the whole request, so each bound makes a tier with all components. */
function readTiers(prices: ModelPrice): readonly PriceTier[] | 'inexact' | 'inexpressible' {
  const priced = Object.entries(prices).filter(([name, value]) => value !== undefined && !IGNORED.has(name));
  if (priced.length === 0 || priced.some(([name]) => !Object.hasOwn(COMPONENTS, name))) return 'inexpressible';
  const bounds = new Set([0]);
  for (const [, value] of priced) if (typeof value === 'object') for (const tier of value.tiers) bounds.add(tier.start);
  const tiers = [...bounds]
    .sort((left, right) => left - right)
    .map((bound) => {
      const rates = priced.map(([name, value]) => readRate(name, amountAbove(value ?? 0, bound)));
      return rates.every((rate) => rate !== null) ? { aboveInputTokens: bound, rates } : null;
    });
  return tiers.every((tier) => tier !== null) ? tiers : 'inexact';
}

function amountAbove(value: NonNullable<ModelPrice[string]>, bound: number): number {
  if (typeof value === 'number') return value;
  const reached = value.tiers.filter((tier) => tier.start <= bound).sort((left, right) => left.start - right.start);
  return reached.at(-1)?.price ?? value.base;
}

/** A number's shortest decimal text is what the data file says. */
function readRate(name: string, dollars: number): PriceRate | null {
  const known = COMPONENTS[name];
  const amount = parseUsd(String(dollars));
  return known && amount !== null && amount >= 0n && amount % BigInt(known.per) === 0n ? { ...known, amount } : null;
}
