import type { JsonObject, JsonValue } from '../../core/json.js';
import type { ImageCall } from '../../core/operations.js';
import { Untranslatable } from '../contract.js';
import type { ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget } from '../contract.js';
import { leftOut, withoutRefused } from '../extra-fields.js';
import { quirksOf } from '../presets.js';
import { resultDeltas, withUnits } from '../results.js';
import { imageSizesOf } from './families.js';
import { toGeminiFailure } from './failures.js';
import { generateRequest, mediaIn, nothingMade, readGenerated } from './generate.js';
import { toVendorSize } from './image-size.js';

/**
 * Pictures by generateContent, which is how the vendor makes them, in both of its clouds, since Imagen's `:predict` was shut down
 * (August 2026): https://ai.google.dev/gemini-api/docs/image-generation, https://ai.google.dev/gemini-api/docs/deprecations
 */
export const geminiImages: OperationApi<ImageCall> = {
  toRequest: toImageRequest,
  fromResponse: fromImageResponse,
  toFailure: toGeminiFailure,
};

function toImageRequest(call: ImageCall, target: ProviderTarget, { refusedParameters }: ChatRequestOptions): ChatRequest {
  if (call.count !== 1) throw new Untranslatable('The provider’s models make one picture in a call: count must be 1.');
  const warnings: string[] = [];
  for (const field of ['user', 'quality'] as const) if (call[field] !== null) warnings.push(leftOut(field));
  const wanted = { ...sizeFields(call, target, warnings), ...formatFields(call, target, warnings) };
  const imageConfig = withoutRefused(wanted, { refused: refusedParameters, warnings });
  const config: JsonObject = { responseModalities: ['IMAGE'], ...(Object.keys(imageConfig).length === 0 ? {} : { imageConfig }) };
  return generateRequest(call, target, { parts: [{ text: call.prompt }], config, warnings });
}

/** The smallest size is every model's own, and not all take a word for it. */
function sizeFields({ size }: ImageCall, target: ProviderTarget, warnings: string[]): JsonObject {
  if (size === null) return {};
  const { aspectRatio, imageSize, isExact } = toVendorSize(size, imageSizesOf(target));
  if (!isExact) warnings.push(`size was sent as ${aspectRatio} at ${imageSize}: the provider takes a shape and a rough size.`);
  return { aspectRatio, ...(imageSize === '1K' ? {} : { imageSize }) };
}

/** https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/image-generation: it knows two kinds, the other cloud no choice. */
function formatFields({ format }: ImageCall, target: ProviderTarget, warnings: string[]): JsonObject {
  if (format === null) return {};
  if (quirksOf(target).googleCloud === true && format !== 'WEBP')
    return { imageOutputOptions: { mimeType: `image/${format.toLowerCase()}` } };
  warnings.push(leftOut('format', 'the provider chooses it'));
  return {};
}

function fromImageResponse(value: JsonValue) {
  return readGenerated(value, (generated) => {
    const images = mediaIn(generated, 'image').map((media) => ({ ...media, url: null, revisedPrompt: null }));
    if (images.length === 0) return nothingMade('image', generated);
    return resultDeltas({ operation: 'IMAGE', images }, withUnits(generated.usage, { IMAGE: images.length }));
  });
}
