import type { JsonObject, JsonValue } from '../../core/json.js';
import { charactersOf } from '../../core/operations.js';
import type { SpeechCall } from '../../core/operations.js';
import type { ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget } from '../contract.js';
import { leftOut } from '../extra-fields.js';
import { resultDeltas, withUnits } from '../results.js';
import { takesStyleBesideText } from './families.js';
import { toGeminiFailure } from './failures.js';
import { generateRequest, isCut, mediaIn, nothingMade, readGenerated } from './generate.js';
import { fromWav, isWav, toWav } from './wav.js';
import type { Pcm } from './wav.js';

/** https://ai.google.dev/gemini-api/docs/speech-generation, https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/text-to-speech/overview */
export const geminiSpeech: OperationApi<SpeechCall> = {
  toRequest: toSpeechRequest,
  fromResponse: fromSpeechResponse,
  toFailure: toGeminiFailure,
};

/** Models speak as samples or in a WAV file, each as it is used to; which of both it is asked for decides what is made of it here. */
function toSpeechRequest(call: SpeechCall, target: ProviderTarget, _options: ChatRequestOptions): ChatRequest {
  const { text, voice, instructions, format } = call;
  const isNew = takesStyleBesideText(target);
  const warnings = (['user', 'speed'] as const).flatMap((field) => (call[field] === null ? [] : leftOut(field)));
  if (format !== 'WAV' && format !== 'PCM') warnings.push(`format was answered as WAV: the provider speaks no ${format}.`);
  if (instructions !== null && !isNew) warnings.push('instructions were put before the text: the model takes them nowhere else.');
  const part: JsonObject = isNew
    ? { text, ...(instructions === null ? {} : { speechMetadata: { style: instructions } }) }
    : { text: instructions === null ? text : `${instructions}: ${text}` };
  const voiceConfig = isNew ? { voice } : { prebuiltVoiceConfig: { voiceName: voice } };
  return generateRequest(call, target, {
    parts: [part],
    config: { responseModalities: ['AUDIO'], speechConfig: { voiceConfig } },
    warnings,
  });
}

function fromSpeechResponse(value: JsonValue, call: SpeechCall) {
  return readGenerated(value, (generated) => {
    const pieces = mediaIn(generated, 'audio');
    const [first] = pieces;
    if (first === undefined || isCut(generated)) return nothingMade('whole recording', generated);
    const bytes = pieces.map(({ base64 }) => Buffer.from(base64, 'base64'));
    const { mimeType, file } = inFormat(bytes, first.mimeType, call.format);
    const usage = withUnits(generated.usage, { CHARACTER: charactersOf(call.text) });
    return resultDeltas({ operation: 'SPEECH', mimeType, base64: file.toString('base64') }, usage);
  });
}

const USUAL_RATE = 24_000;

/** What is neither samples nor a file of them was asked for by the caller's own fields, and is handed on as it is. */
function inFormat(pieces: readonly Buffer[], mimeType: string, format: SpeechCall['format']) {
  const pcm = samplesOf(pieces, mimeType);
  const [whole = Buffer.alloc(0)] = pieces;
  if (pcm === null) return { mimeType: isWav(whole) ? 'audio/wav' : (mimeType.split(';')[0] ?? mimeType), file: whole };
  if (format !== 'PCM') return { mimeType: 'audio/wav', file: isWav(whole) ? whole : toWav(pcm) };
  return { mimeType: pcm.rate === USUAL_RATE ? 'audio/pcm' : `audio/pcm;rate=${String(pcm.rate)}`, file: pcm.samples };
}

/** The vendor's L16 has its bytes in the order of small machines, against RFC 2586, and may come in several parts. */
function samplesOf(pieces: readonly Buffer[], mimeType: string): Pcm | null {
  if (!/^audio\/(l16|pcm)\b/.test(mimeType)) return fromWav(pieces[0] ?? Buffer.alloc(0));
  const rate = Number(/rate=(\d+)/.exec(mimeType)?.[1] ?? USUAL_RATE);
  return { samples: Buffer.concat(pieces), rate };
}
