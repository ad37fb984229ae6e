import type { AnswerDelta } from '../../core/answer.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import type { GeneratedImage, ImageCall } from '../../core/operations.js';
import type { FailureClass } from '../../core/vocabulary.js';
import { UnreadableBody, Untranslatable } from '../contract.js';
import type { ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget } from '../contract.js';
import { leftOut, withoutRefused } from '../extra-fields.js';
import { plainFailure } from '../failures.js';
import { listOf, textOf } from '../json-read.js';
import { mimeTypeOf } from '../media.js';
import { bodyObject, resultDeltas, withUnits } from '../results.js';
import { painterOf } from './families.js';
import type { Painter } from './families.js';
import { toBedrockFailure } from './failures.js';
import { toInvokeRequest } from './invoke.js';

/** Nova Canvas, Titan Image and Stability's models: a picture from a text. */
export const bedrockImages: OperationApi<ImageCall> = {
  toRequest: toImageRequest,
  fromResponse: fromImageResponse,
  toFailure: toBedrockFailure,
};

const MOST_IMAGES: Readonly<Record<Painter, number>> = { amazon: 5, stability: 1 };

interface Telling {
  readonly refused: ReadonlySet<string>;
  readonly warnings: string[];
}

function toImageRequest(call: ImageCall, target: ProviderTarget, { refusedParameters }: ChatRequestOptions): ChatRequest {
  const painter = painterOf(target);
  const most = MOST_IMAGES[painter];
  if (call.count > most)
    throw new Untranslatable(`This model makes ${most === 1 ? 'one image' : `at most ${String(most)} images`} a call.`);
  const warnings: string[] = [];
  const telling = { refused: refusedParameters, warnings };
  const body = painter === 'amazon' ? toAmazonBody(call, telling) : toStabilityBody(call, telling);
  return toInvokeRequest(call, target, { body, warnings });
}

/**
 * https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html, and Titan's, which is the same:
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-image.html
 */
function toAmazonBody({ prompt, count, size, quality, format }: ImageCall, { refused, warnings }: Telling): JsonObject {
  if (format !== null && format !== 'PNG') warnings.push(leftOut('format', 'the model answers in PNG only'));
  if (quality === 'LOW') warnings.push('quality was sent as standard, the provider’s lowest.');
  const [width, height] = size === null ? [] : size.split('x').map(Number);
  const asked = {
    ...(count === 1 ? {} : { numberOfImages: count }),
    ...(width === undefined || height === undefined ? {} : { width, height }),
    ...(quality === null ? {} : { quality: quality === 'HIGH' ? 'premium' : 'standard' }),
  };
  const { numberOfImages, ...optional } = asked;
  const config = { ...(numberOfImages === undefined ? {} : { numberOfImages }), ...withoutRefused(optional, { refused, warnings }) };
  return {
    taskType: 'TEXT_IMAGE',
    textToImageParams: { text: prompt },
    ...(Object.keys(config).length === 0 ? {} : { imageGenerationConfig: config }),
  };
}

const SHAPES: readonly string[] = ['16:9', '1:1', '21:9', '2:3', '3:2', '4:5', '5:4', '9:16', '9:21'];

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-stable-image-core-text-image-request-response.html */
function toStabilityBody({ prompt, size, quality, format }: ImageCall, { refused, warnings }: Telling): JsonObject {
  if (quality !== null) warnings.push(leftOut('quality'));
  if (format === 'WEBP') warnings.push(leftOut('format', 'the model answers in PNG and JPEG only'));
  const shape = size === null ? null : shapeOf(size);
  const isKnown = shape !== null && SHAPES.includes(shape);
  if (isKnown) warnings.push(`size was sent as ${shape}: the model takes a shape only.`);
  else if (size !== null) warnings.push(leftOut('size', `the model knows the shapes ${SHAPES.join(', ')} only`));
  const asked = {
    ...(isKnown ? { aspect_ratio: shape } : {}),
    ...(format === null || format === 'WEBP' ? {} : { output_format: format.toLowerCase() }),
  };
  return { prompt, ...withoutRefused(asked, { refused, warnings }) };
}

/** 1024x1536 is 2:3. */
function shapeOf(size: string): string {
  const [width = 1, height = 1] = size.split('x').map(Number);
  const divisor = (left: number, right: number): number => (right === 0 ? left : divisor(right, left % right));
  const common = divisor(width, height);
  return `${String(width / common)}:${String(height / common)}`;
}

/** What is withheld is told beside what is given: by `error`, or for each image. */
function fromImageResponse(value: JsonValue): readonly AnswerDelta[] {
  const body = bodyObject(value);
  const images = listOf(body['images']).flatMap(imageOf);
  const withheld = textOf(body['error']) ?? listOf(body['finish_reasons']).flatMap((reason) => textOf(reason) ?? [])[0];
  if (images.length > 0) return resultDeltas({ operation: 'IMAGE', images }, withUnits(null, { IMAGE: images.length }));
  if (withheld === undefined) throw new UnreadableBody('The body has no images.');
  const failureClass: FailureClass = /^inference error/i.test(withheld) ? 'SERVER_ERROR' : 'CONTENT_FILTER';
  return [{ type: 'failure', failure: { ...plainFailure(failureClass, withheld), httpStatus: 200 } }];
}

function imageOf(value: JsonValue): readonly GeneratedImage[] {
  const base64 = textOf(value);
  if (base64 === null) return [];
  const mimeType = mimeTypeOf({ url: null, base64, mimeType: null, name: null }, 'image/png');
  return [{ mimeType, base64, url: null, revisedPrompt: null }];
}
