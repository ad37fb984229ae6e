import { assertNever } from '../core/assert-never.js';
import { charactersOf, isOperation } from '../core/operations.js';
import type { InferenceCall, OperationCall, OperationName, SpeechCall, TranscriptionCall } from '../core/operations.js';
import type { Cost, Price } from '../core/pricing.js';
import { NO_TOKENS, TOKEN_CLASSES } from '../core/usage.js';
import type { TokenClasses, TokenUsage, UsageUnits } from '../core/usage.js';
import { forecastCost } from './estimate.js';
import type { CostForecast, ForecastTarget } from './estimate.js';
import { costOf } from './price.js';
import { lengthOfRecording } from './recording.js';
import type { RecordingLength } from './recording.js';
import { estimatePrompt, tokensOfText } from './token-estimate.js';

/** Of speech that is heard: OpenAI counts a token for each 100 ms, and for each 50 ms that it says (https://platform.openai.com/docs/guides/realtime-costs). */
const TOKENS_PER_SECOND = 10;
const SPOKEN_TOKENS_PER_SECOND = 20;
/** Of those that hear, Gemini counts most: https://ai.google.dev/gemini-api/docs/audio */
const MOST_TOKENS_PER_SECOND = 32;
/** Of what is said in it: 150 words a minute, at four tokens for three words. */
const WORD_TOKENS_PER_SECOND = 10 / 3;
/** As fast as that, at five letters and a space a word. */
const CHARACTERS_PER_SECOND = 15;
/** Nobody talks, and no voice is set, four times as slow or fast as that. */
const SLOWEST = 4;
/** A square image by its quality, in tokens: https://platform.openai.com/docs/guides/image-generation#cost-and-latency */
const TOKENS_PER_IMAGE = { LOW: 272, MEDIUM: 1_056, HIGH: 4_160 } as const;
/** The dearest there: high, and not square. */
const MOST_TOKENS_PER_IMAGE = 6_240;
/** What some models put around each text: [CLS] and [SEP] (https://arxiv.org/abs/1810.04805). */
const FRAME_TOKENS = 2;
/** Cohere counts a search for each hundred documents: https://cohere.com/pricing */
const DOCUMENTS_PER_SEARCH = 100;

/** Estimated tokens of all that a call of any operation sends. */
export function estimateInput(call: InferenceCall): number {
  if (!isOperation(call)) return estimatePrompt(call);
  const audio = call.operation === 'TRANSCRIPTION' ? TOKENS_PER_SECOND * lengthOf(call).usual : 0;
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
      return { SECOND: lengthOf(call).usual };
    case 'RERANK':
      return { REQUEST: Math.ceil(call.documents.length / DOCUMENTS_PER_SEARCH) };
    case 'EMBEDDING':
    case 'MODERATION':
      return undefined;
    default:
      return assertNever(call);
  }
}

/**
 * What a call of an operation used and costs. What was told by the piece alone (the characters of a speech) and is priced by the
 * token counts with the tokens that are predicted of it, as an estimate.
 */
export function billOfCall(
  call: InferenceCall,
  usage: TokenUsage,
  price: Price | null,
): { readonly usage: TokenUsage; readonly cost: Cost } {
  const cost = costOf(usage, price);
  if (cost.total !== null || price === null || usage.units === undefined || !isOperation(call)) return { usage, cost };
  if (TOKEN_CLASSES.some((name) => usage[name] > 0)) return { usage, cost };
  const estimated: TokenUsage = { ...usage, ...expectedTokens(call, usage.units.SECOND), source: 'ESTIMATED' };
  const estimatedCost = costOf(estimated, price);
  return estimatedCost.total === null ? { usage, cost } : { usage: estimated, cost: estimatedCost };
}

/** Predicts the cost of a call of any operation on a target. */
export function forecastCall(call: InferenceCall, target: ForecastTarget): CostForecast {
  return isOperation(call) ? forecastOperation(call, target) : forecastCost(call, target);
}

/** `high`: a token a byte of the words that are sent, pictures of the highest quality, and a recording as long as it can be. */
function forecastOperation(call: OperationCall, { price }: ForecastTarget): CostForecast {
  const priced = (classes: TokenClasses, units: UsageUnits | undefined) =>
    costOf({ ...classes, source: 'ESTIMATED', raw: null, inconsistent: false, ...(units ? { units } : {}) }, price).total;
  const usual = expectedTokens(call);
  const expected = priced(usual, unitsOf(call));
  const high = priced(mostTokens(call, usual), mostUnits(call));
  const expectedOutputTokens = usual.output + usual.audioOutput + usual.imageOutput;
  const basis = `An estimate, not the provider's count: ${basisOf(call)}. ${priceInWords(price)}.`;
  return { low: expected, expected, high, inputTokens: estimateInput(call), expectedOutputTokens, basis };
}

const WORDS = 'bytes of the words by four, at most one token a byte';
const BASIS: Readonly<Record<Exclude<OperationName, 'TRANSCRIPTION'>, string>> = {
  EMBEDDING: WORDS,
  MODERATION: WORDS,
  RERANK: `${WORDS}, and a search for each hundred documents`,
  IMAGE: `${WORDS}, the images asked for, and a square image's tokens by its quality, at most those of the dearest`,
  SPEECH: `the characters of the text, 15 of them a second, at most four times as slow; ${WORDS}`,
};

function basisOf(call: OperationCall): string {
  if (call.operation !== 'TRANSCRIPTION') return BASIS[call.operation];
  const { isKnown, usual, most } = lengthOf(call);
  if (isKnown) return `${usual} seconds, as the recording's own header says`;
  return `the recording's length is not known: ${usual} seconds if it has 128 kbit a second, at most ${most} at 6`;
}

function expectedTokens(call: OperationCall, heardSeconds?: number): TokenClasses {
  const input = estimateInput(call);
  switch (call.operation) {
    case 'IMAGE':
      return { ...NO_TOKENS, input, imageOutput: call.count * TOKENS_PER_IMAGE[call.quality ?? 'MEDIUM'] };
    case 'SPEECH':
      return { ...NO_TOKENS, input, audioOutput: spokenTokens(call) };
    case 'TRANSCRIPTION':
      return {
        ...NO_TOKENS,
        ...heardTokens(heardSeconds ?? lengthOf(call).usual),
        input: input - TOKENS_PER_SECOND * lengthOf(call).usual,
      };
    default:
      return { ...NO_TOKENS, input };
  }
}

function mostTokens(call: OperationCall, usual: TokenClasses): TokenClasses {
  const texts = textsOf(call);
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), FRAME_TOKENS * texts.length);
  const most = { ...usual, input: bytes };
  switch (call.operation) {
    case 'IMAGE':
      return { ...most, imageOutput: call.count * MOST_TOKENS_PER_IMAGE };
    case 'SPEECH':
      return { ...most, audioOutput: SLOWEST * usual.audioOutput };
    case 'TRANSCRIPTION': {
      const seconds = lengthOf(call).most;
      return { ...most, audioInput: MOST_TOKENS_PER_SECOND * seconds, output: SLOWEST * heardTokens(seconds).output };
    }
    default:
      return most;
  }
}

function mostUnits(call: OperationCall): UsageUnits | undefined {
  return call.operation === 'TRANSCRIPTION' ? { SECOND: lengthOf(call).most } : unitsOf(call);
}

function heardTokens(seconds: number): Pick<TokenClasses, 'audioInput' | 'output'> {
  return { audioInput: TOKENS_PER_SECOND * seconds, output: Math.ceil(WORD_TOKENS_PER_SECOND * seconds) };
}

function spokenTokens({ text, speed }: SpeechCall): number {
  return Math.ceil((SPOKEN_TOKENS_PER_SECOND * charactersOf(text)) / CHARACTERS_PER_SECOND / (speed ?? 1));
}

function lengthOf({ audio }: TranscriptionCall): RecordingLength {
  return lengthOfRecording(audio.bytes);
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
