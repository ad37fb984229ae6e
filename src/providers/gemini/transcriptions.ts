import type { AnswerDelta } from '../../core/answer.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import type { TranscriptionCall } from '../../core/operations.js';
import { Untranslatable } from '../contract.js';
import type { ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget } from '../contract.js';
import { leftOut, withoutRefused } from '../extra-fields.js';
import { objectOf, wordOf } from '../json-read.js';
import { resultDeltas } from '../results.js';
import { audioTypeOf, base64Of } from './audio-file.js';
import { isTranscriber } from './families.js';
import { toGeminiFailure } from './failures.js';
import { generateRequest, isCut, nothingMade, readGenerated } from './generate.js';
import { segmentsOf, turnsOf } from './transcript.js';

/** By the models made for it, https://ai.google.dev/gemini-api/docs/generate-content/transcribe, or by asking any that hears: …/docs/audio */
export const geminiTranscriptions: OperationApi<TranscriptionCall> = {
  toRequest: toTranscriptionRequest,
  fromResponse: fromTranscriptionResponse,
  toFailure: toGeminiFailure,
};

function toTranscriptionRequest(call: TranscriptionCall, target: ProviderTarget, { refusedParameters }: ChatRequestOptions): ChatRequest {
  const warnings = call.user === null ? [] : [leftOut('user')];
  const heard = { inlineData: { mimeType: audioTypeOf(call.audio), data: base64Of(call.audio) } };
  if (!isTranscriber(target)) return generateRequest(call, target, { parts: [heard, { text: instructionOf(call) }], config: {}, warnings });
  if (call.prompt !== null) warnings.push(leftOut('prompt', 'the model takes no instructions'));
  const wanted: JsonObject = {
    ...(call.language === null ? {} : { languageCodes: [call.language] }),
    ...(call.timestamps ? { wordTimestamp: true } : {}),
  };
  const asked = withoutRefused(wanted, { refused: refusedParameters, warnings });
  const config = Object.keys(asked).length === 0 ? {} : { audioTranscriptionConfig: asked };
  return generateRequest(call, target, { parts: [heard], config, warnings });
}

/** Times that a model only writes down are guessed, which is worse than none. */
function instructionOf({ language, prompt, timestamps }: TranscriptionCall): string {
  if (timestamps) throw new Untranslatable('The model tells no times: timestamps need one that is made for transcribing.');
  return [
    'Transcribe the speech in this recording word for word. Answer with the transcript alone.',
    ...(language === null ? [] : [`It is spoken in the language with the code ${language}.`]),
    ...(prompt === null ? [] : [`What the speaker hints at: ${prompt}`]),
  ].join('\n');
}

function fromTranscriptionResponse(value: JsonValue): readonly AnswerDelta[] {
  return readGenerated(value, (generated) => {
    if (isCut(generated) || (generated.parts.length === 0 && generated.rawFinish !== 'STOP'))
      return nothingMade('whole transcript', generated);
    const turns = turnsOf(generated.parts);
    const language = generated.parts
      .map((part) => wordOf(objectOf(part['audioTranscription'])['languageCode']))
      .find((code) => code !== null);
    return resultDeltas(
      {
        ...{ operation: 'TRANSCRIPTION', text: turns.map(({ text }) => text).join(''), language: language ?? null },
        ...{ durationSeconds: null, segments: turns.flatMap(segmentsOf) },
      },
      generated.usage,
    );
  });
}
