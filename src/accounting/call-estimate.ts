import { assertNever } from '../core/assert-never.js';
import { charactersOf, isOperation } from '../core/operations.js';
import type { ImageCall, InferenceCall, OperationCall, TranscriptionCall } from '../core/operations.js';
import type { Price } from '../core/pricing.js';
import { NO_TOKENS } from '../core/usage.js';
import type { TokenClasses, UsageUnits } from '../core/usage.js';
import { forecastCost } from './estimate.js';
import type { CostForecast, ForecastTarget } from './estimate.js';
import { costOf } from './price.js';
import { estimatePrompt, tokensOfText } from './token-estimate.js';

/** Nobody here decodes audio: a usual recording has 128 kbit a second. */
const BYTES_PER_SECOND = 16_000;
/** Of speech: OpenAI counts a token for each 100 ms (https://platform.openai.com/docs/guides/audio). */
const TOKENS_PER_SECOND = 10;
/** Of what is said in it: 150 words a minute, at four tokens for three words. */
const WORD_TOKENS_PER_SECOND = 10 / 3;
/** A square image by its quality, in tokens: https://platform.openai.com/docs/guides/image-generation#cost-and-latency */
const TOKENS_PER_IMAGE = { LOW: 272, MEDIUM: 1_056, HIGH: 4_160 } as const;
/** Cohere counts a search for each hundred documents: https://cohere.com/pricing */
const DOCUMENTS_PER_SEARCH = 100;

/** Estimated tokens of all that a call of any operation sends. */
export function estimateInput(call: InferenceCall): number {
  if (!isOperation(call)) return estimatePrompt(call);
  const audio = call.operation === 'TRANSCRIPTION' ? TOKENS_PER_SECOND * secondsOf(call) : 0;
  return audio + textsOf(call).reduce((tokens, text) => tokens + tokensOfText(text), 0);
}

/** What a call is billed by the piece, where its price says so; as far as it can be told before the answer. */
export function unitsOf(call: InferenceCall): UsageUnits | undefined {
  if (!isOperation(call)) return undefined;
  switch (call.operation) {
    case 'IMAGE':
      return { IMAGE: call.count };
    case 'SPEECH':
      return { CHARACTER: charactersOf(call.text) };
    case 'TRANSCRIPTION':
      return { SECOND: secondsOf(call) };
    case 'RERANK':
      return { REQUEST: Math.ceil(call.documents.length / DOCUMENTS_PER_SEARCH) };
    case 'EMBEDDING':
    case 'MODERATION':
      return undefined;
    default:
      return assertNever(call);
  }
}

/** Predicts the cost of a call of any operation on a target. */
export function forecastCall(call: InferenceCall, target: ForecastTarget): CostForecast {
  return isOperation(call) ? forecastOperation(call, target) : forecastCost(call, target);
}

/** At most a token a byte of the words that are sent, and images of the highest quality. */
function forecastOperation(call: OperationCall, { price }: ForecastTarget): CostForecast {
  const units = unitsOf(call);
  const priced = (classes: Partial<TokenClasses>) =>
    costOf({ ...NO_TOKENS, ...classes, source: 'ESTIMATED', raw: null, inconsistent: false, ...(units ? { units } : {}) }, price).total;
  const usual = expectedTokens(call);
  const bytes = textsOf(call).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const most = { ...usual, input: Math.max(bytes, usual.input), ...(call.operation === 'IMAGE' ? imageTokens(call, 'HIGH') : {}) };
  const expected = priced(usual);
  const expectedOutputTokens = usual.output + usual.imageOutput;
  const basis = `An estimate, not the provider's count: ${BASIS[call.operation]}. ${priceInWords(price)}.`;
  return { low: expected, expected, high: priced(most), inputTokens: estimateInput(call), expectedOutputTokens, basis };
}

const WORDS = 'bytes of the words by four, at most one token a byte';
const BASIS: Readonly<Record<OperationCall['operation'], string>> = {
  EMBEDDING: WORDS,
  MODERATION: WORDS,
  RERANK: `${WORDS}, and a search for each hundred documents`,
  IMAGE: `${WORDS}, the images asked for, and a square image's tokens by its quality`,
  SPEECH: `the characters of the text; ${WORDS}`,
  TRANSCRIPTION: 'bytes of the recording as of one with 128 kbit a second',
};

function expectedTokens(call: OperationCall): TokenClasses {
  const input = estimateInput(call);
  if (call.operation === 'IMAGE') return { ...NO_TOKENS, input, ...imageTokens(call, call.quality ?? 'MEDIUM') };
  if (call.operation !== 'TRANSCRIPTION') return { ...NO_TOKENS, input };
  const audioInput = TOKENS_PER_SECOND * secondsOf(call);
  return { ...NO_TOKENS, input: input - audioInput, audioInput, output: Math.ceil(WORD_TOKENS_PER_SECOND * secondsOf(call)) };
}

function imageTokens({ count }: ImageCall, quality: keyof typeof TOKENS_PER_IMAGE): Pick<TokenClasses, 'imageOutput'> {
  return { imageOutput: count * TOKENS_PER_IMAGE[quality] };
}

function secondsOf({ audio }: TranscriptionCall): number {
  return Math.ceil((audio.base64.length * 3) / 4 / BYTES_PER_SECOND);
}

function priceInWords(price: Price | null): string {
  return price === null ? 'No price is in force' : `Price: ${price.source}, from ${price.effectiveFrom.toISOString()}`;
}

/** The words that a call sends; every document is read beside the query. */
function textsOf(call: OperationCall): readonly string[] {
  switch (call.operation) {
    case 'EMBEDDING':
    case 'MODERATION':
      return call.texts;
    case 'RERANK':
      return call.documents.flatMap((document) => [call.query, document]);
    case 'IMAGE':
      return [call.prompt];
    case 'SPEECH':
      return call.instructions === null ? [call.text] : [call.text, call.instructions];
    case 'TRANSCRIPTION':
      return call.prompt === null ? [] : [call.prompt];
    default:
      return assertNever(call);
  }
}
