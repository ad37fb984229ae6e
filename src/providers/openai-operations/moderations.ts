import type { JsonValue } from '../../core/json.js';
import type { ModerationCall, Verdict } from '../../core/operations.js';
import { UnreadableBody } from '../contract.js';
import type { ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget } from '../contract.js';
import { numberOf, objectOf, wordOf } from '../json-read.js';
import { toOpenAiFailure } from '../openai-chat/failures.js';
import { bodyList, resultDeltas } from '../results.js';
import { readOpenAiBody, toOpenAiRequest } from './form.js';
import { promptUsage } from './usage.js';

/** POST <baseUrl>/moderations: https://platform.openai.com/docs/api-reference/moderations, and Mistral's. */
export const openAiModerations: OperationApi<ModerationCall> = {
  toRequest: toModerationRequest,
  fromResponse: fromModerationResponse,
  toFailure: toOpenAiFailure,
};

function toModerationRequest(call: ModerationCall, target: ProviderTarget, { refusedParameters }: ChatRequestOptions): ChatRequest {
  const fields = { path: '/moderations', required: { input: [...call.texts] }, optional: {}, unsaid: { user: call.user } };
  return toOpenAiRequest(call, fields, { target, refusedParameters });
}

function fromModerationResponse(value: JsonValue, { texts }: ModerationCall) {
  return readOpenAiBody(value, (body) => {
    const verdicts = bodyList(body, 'results').map(verdictOf);
    if (verdicts.length !== texts.length) throw new UnreadableBody(`The body has ${verdicts.length} verdicts for ${texts.length} texts.`);
    return resultDeltas({ operation: 'MODERATION', verdicts }, promptUsage(body['usage']));
  });
}

/** Some vendors name categories only, and no verdict on the whole. */
function verdictOf(value: JsonValue): Verdict {
  const result = objectOf(value);
  const scores = objectOf(result['category_scores']);
  const categories = Object.entries(objectOf(result['categories'])).flatMap(([key, flagged]) => {
    const name = wordOf(key);
    return name === null ? [] : { name, flagged: flagged === true, score: numberOf(scores[key]) };
  });
  const flagged = result['flagged'];
  if (typeof flagged !== 'boolean' && categories.length === 0) throw new UnreadableBody('A result is no verdict.');
  return { flagged: typeof flagged === 'boolean' ? flagged : categories.some((category) => category.flagged), categories };
}
