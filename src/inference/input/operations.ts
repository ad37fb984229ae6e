import { fail, invalidRequest, ok } from '../../core/errors.js';
import type { InputProblem, Result } from '../../core/errors.js';
import { FileBytes, LARGEST_FILE_BYTES, UploadedFile } from '../../core/files.js';
import type {
  CallOf,
  EmbeddingCall,
  ImageCall,
  ModerationCall,
  OperationCall,
  OperationName,
  RerankCall,
  SpeechCall,
  TranscriptionCall,
} from '../../core/operations.js';
import { AUDIO_FORMATS, EMBEDDING_PURPOSES, IMAGE_FORMATS, IMAGE_QUALITIES } from '../../core/vocabulary.js';
import { isGiven, readBoolean, readList, readNumber, readPlace, readText, readWord, report, requireText } from './place.js';
import type { Place } from './place.js';
import { parseTerms, rootPlace, STORED_NAME, WHOLE_FROM_ONE } from './terms.js';

/** As many texts as the largest vendor takes at once; images; numbers of a vector at most; characters of a spoken text. */
const OPERATION_LIMITS = { texts: 2_048, images: 10, dimensions: 65_536, speech: 100_000 } as const;

const PARSERS: { readonly [Name in OperationName]: (input: Place) => CallOf<Name> } = {
  EMBEDDING: parseEmbedding,
  IMAGE: parseImage,
  SPEECH: parseSpeech,
  TRANSCRIPTION: parseTranscription,
  MODERATION: parseModeration,
  RERANK: parseRerank,
};

/** The call that an input makes; or every problem it has, each with its path as in the input. Never throws, whatever it is given. */
export function parseOperationInput(operation: OperationName, raw: unknown): Result<OperationCall> {
  const problems: InputProblem[] = [];
  const call = PARSERS[operation](rootPlace(raw, problems));
  return problems.length === 0 ? ok(call) : fail(invalidRequest(problems));
}

function parseEmbedding(input: Place): EmbeddingCall {
  return {
    ...parseTerms(input),
    operation: 'EMBEDDING',
    texts: readTexts(input, 'texts'),
    dimensions: readNumber(input, 'dimensions', { ...WHOLE_FROM_ONE, max: OPERATION_LIMITS.dimensions }),
    purpose: readWord(input, 'purpose', EMBEDDING_PURPOSES),
  };
}

function parseImage(input: Place): ImageCall {
  return {
    ...parseTerms(input),
    operation: 'IMAGE',
    prompt: requireText(input, 'prompt', { filled: true }),
    count: readNumber(input, 'count', { ...WHOLE_FROM_ONE, max: OPERATION_LIMITS.images }) ?? 1,
    size: readText(input, 'size', { pattern: /^[1-9]\d{1,4}x[1-9]\d{1,4}$/ }),
    quality: readWord(input, 'quality', IMAGE_QUALITIES),
    format: readWord(input, 'format', IMAGE_FORMATS),
  };
}

function parseSpeech(input: Place): SpeechCall {
  return {
    ...parseTerms(input),
    operation: 'SPEECH',
    text: requireText(input, 'text', { filled: true, max: OPERATION_LIMITS.speech }),
    voice: requireText(input, 'voice', STORED_NAME),
    format: readWord(input, 'format', AUDIO_FORMATS) ?? 'MP3',
    speed: readNumber(input, 'speed', { min: 0.25, max: 4 }),
    instructions: readText(input, 'instructions'),
  };
}

function parseTranscription(input: Place): TranscriptionCall {
  return {
    ...parseTerms(input),
    operation: 'TRANSCRIPTION',
    audio: readRecording(input),
    language: readText(input, 'language', { pattern: /^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$/ }),
    prompt: readText(input, 'prompt'),
    timestamps: readBoolean(input, 'timestamps') ?? false,
  };
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const MIME_TYPE = { ...STORED_NAME, pattern: /^[\w.+-]+\/[\w.+-]+$/ };
const NO_FILE = new UploadedFile(new FileBytes([]), null, null);

/** A file that came with the request, or its bytes as base64: exactly one of them. */
function readRecording(input: Place): UploadedFile {
  const [isFile, isMedia] = [isGiven(input, 'file'), isGiven(input, 'audio')];
  if (!isFile && !isMedia) report(input, 'audio', 'is required, or `file` instead');
  if (isFile && isMedia) report(input, 'file', 'must not be given beside `audio`');
  const file = isFile ? readFile(input) : readMedia(input);
  if (file.bytes.size > LARGEST_FILE_BYTES)
    report(input, isFile ? 'file' : 'audio.base64', `must have at most ${LARGEST_FILE_BYTES} bytes`);
  return file;
}

function readFile(input: Place): UploadedFile {
  const { file } = input.fields;
  if (!(file instanceof UploadedFile)) {
    report(input, 'file', 'must be a file of a multipart request');
    return NO_FILE;
  }
  const place = { fields: { name: file.name, mimeType: file.mimeType }, path: 'file', problems: input.problems };
  if (file.bytes.size === 0) report(input, 'file', 'must not be empty');
  return new UploadedFile(file.bytes, readText(place, 'name', STORED_NAME), readText(place, 'mimeType', MIME_TYPE));
}

/** Only bytes: no address is fetched for an upload. */
function readMedia(input: Place): UploadedFile {
  const place = readPlace(input, 'audio');
  if (place === null) return NO_FILE;
  if (isGiven(place, 'url')) report(place, 'url', 'must not be given: the bytes are needed, as base64');
  const base64 = requireText(place, 'base64');
  const isBase64 = base64 === '' || (base64.length % 4 === 0 && BASE64.test(base64));
  if (!isBase64) report(place, 'base64', 'must be base64');
  const mimeType = readText(place, 'mimeType', MIME_TYPE);
  const name = readText(place, 'name', { ...STORED_NAME, pattern: /^[^"\\\r\n/]+$/ });
  return new UploadedFile(new FileBytes(isBase64 ? [Buffer.from(base64, 'base64')] : []), name, mimeType);
}

function parseModeration(input: Place): ModerationCall {
  return { ...parseTerms(input), operation: 'MODERATION', texts: readTexts(input, 'texts') };
}

function parseRerank(input: Place): RerankCall {
  return {
    ...parseTerms(input),
    operation: 'RERANK',
    query: requireText(input, 'query', { filled: true }),
    documents: readTexts(input, 'documents'),
    topN: readNumber(input, 'topN', { ...WHOLE_FROM_ONE, max: OPERATION_LIMITS.texts }),
  };
}

/** At least one, none empty. */
function readTexts(input: Place, name: string): readonly string[] {
  if (!isGiven(input, name)) report(input, name, 'is required');
  const list = readList(input, name, OPERATION_LIMITS.texts);
  if (Array.isArray(input.fields[name]) && input.fields[name].length === 0) report(input, name, 'must name at least one text');
  return list.flatMap((value, index) => {
    if (typeof value === 'string' && value !== '') return value;
    report(input, `${name}.${index}`, 'must be a text that is not empty');
    return [];
  });
}
