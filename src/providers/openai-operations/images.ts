import type { JsonValue } from '../../core/json.js';
import type { GeneratedImage, ImageCall } from '../../core/operations.js';
import { UnreadableBody } from '../contract.js';
import type { ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget } from '../contract.js';
import { objectOf, textOf } from '../json-read.js';
import { toOpenAiFailure } from '../openai-chat/failures.js';
import { bodyList, resultDeltas, withUnits } from '../results.js';
import { readOpenAiBody, toOpenAiRequest } from './form.js';
import { mediaUsage } from './usage.js';

/** POST <baseUrl>/images/generations: https://platform.openai.com/docs/api-reference/images/create, and xAI's and Together's. */
export const openAiImages: OperationApi<ImageCall> = {
  toRequest: toImageRequest,
  fromResponse: fromImageResponse,
  toFailure: toOpenAiFailure,
};

function toImageRequest(call: ImageCall, target: ProviderTarget, { refusedParameters }: ChatRequestOptions): ChatRequest {
  const { prompt, count, size, quality, format, user } = call;
  const required = { prompt, ...(count === 1 ? {} : { n: count }) };
  const optional = { size, quality: quality?.toLowerCase() ?? null, output_format: format?.toLowerCase() ?? null, user };
  return toOpenAiRequest(call, { path: '/images/generations', required, optional }, { target, refusedParameters });
}

function fromImageResponse(value: JsonValue, call: ImageCall) {
  return readOpenAiBody(value, (body) => {
    const mimeType = `image/${(textOf(body['output_format']) ?? call.format ?? 'png').toLowerCase()}`;
    const images = bodyList(body, 'data').map((entry) => imageOf(entry, mimeType));
    if (images.length === 0) throw new UnreadableBody('The body has no images.');
    const usage = withUnits(mediaUsage(body['usage'], 'imageOutput'), { IMAGE: images.length });
    return resultDeltas({ operation: 'IMAGE', images }, usage);
  });
}

function imageOf(value: JsonValue, mimeType: string): GeneratedImage {
  const entry = objectOf(value);
  const base64 = textOf(entry['b64_json']);
  const url = base64 === null ? textOf(entry['url']) : null;
  if (base64 === null && url === null) throw new UnreadableBody('An image has neither bytes nor an address.');
  return { mimeType, base64, url, revisedPrompt: textOf(entry['revised_prompt']) };
}
