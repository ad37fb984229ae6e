import type { CompletionCall } from '../../core/completion.js';
import type { JsonObject } from '../../core/json.js';
import { ANSWER_TOOL, ANSWER_TOOL_WARNING, JSON_INSTRUCTION, JSON_WARNING, answerToolDescription } from '../answer-tool.js';
import { STRUCTURED_OUTPUT } from '../anthropic/request.js';
import { planThinking } from '../anthropic/thinking.js';
import type { ChatRequest, ChatRequestOptions, ProviderTarget } from '../contract.js';
import { extraFields, leftOut, withoutRefused } from '../extra-fields.js';
import { objectOf } from '../json-read.js';
import { holdsReduced } from '../schema-hold.js';
import { reduceSchema, reductionWarnings } from '../schema-reduction.js';
import { familyOf } from './families.js';
import type { Family } from './families.js';
import { toConverseMessages } from './messages.js';
import type { CachePoint, ConverseMessage, TextBlock } from './messages.js';
import { isForced, objectSchema, toToolConfig } from './tools.js';
import type { ConverseTool, ToolConfig } from './tools.js';

export type ConverseBody = {
  system?: (TextBlock | CachePoint)[];
  messages: ConverseMessage[];
  toolConfig?: ToolConfig;
  inferenceConfig?: InferenceConfig;
  outputConfig?: {
    textFormat?: { type: 'json_schema'; structure: { jsonSchema: { schema: string; name: string } } };
    effort?: string;
  };
  additionalModelRequestFields?: JsonObject;
};

type InferenceConfig = { maxTokens?: number; temperature?: number; topP?: number; stopSequences?: string[] };

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_RequestSyntax */
const BODY_FIELDS: ReadonlySet<string> = new Set([
  ...['system', 'messages', 'toolConfig', 'inferenceConfig', 'outputConfig', 'additionalModelRequestFields'],
  ...['additionalModelResponseFieldPaths', 'guardrailConfig', 'performanceConfig', 'promptVariables', 'requestMetadata', 'serviceTier'],
]);

/** POST <baseUrl>/model/<model>/converse. Fields stand in a fixed order, so that the same call is the same bytes. */
export function toConverseRequest(call: CompletionCall, target: ProviderTarget, options: ChatRequestOptions): ChatRequest {
  const warnings: string[] = [];
  const plain = toConverseBody(call, target, { refused: options.refusedParameters, warnings });
  const extra = extraFields(call, target);
  const body = withExtras(plain, extra, warnings);
  return {
    path: `/model/${encodeURIComponent(target.upstreamModel)}/${options.stream ? 'converse-stream' : 'converse'}`,
    headers: {
      ...(options.stream ? { accept: 'application/vnd.amazon.eventstream' } : {}),
      ...(target.apiKey === null ? {} : { authorization: `Bearer ${target.apiKey.reveal()}` }),
    },
    body,
    warnings,
    ...(plain.outputConfig?.textFormat && !('outputConfig' in extra) && holdsReduced(call, STRUCTURED_OUTPUT) ? { holdsSchema: true } : {}),
  };
}

/** The vendor refuses a body for one field that it does not know; what a model takes besides goes where it looks for it. */
function withExtras(body: ConverseBody, extra: JsonObject, warnings: string[]): JsonObject {
  const extras = Object.entries(extra);
  for (const [field] of extras) if (!BODY_FIELDS.has(field)) warnings.push(leftOut(`providerOptions.${field}`));
  const { additionalModelRequestFields: own, ...known } = Object.fromEntries(extras.filter(([field]) => BODY_FIELDS.has(field)));
  const model = { ...body.additionalModelRequestFields, ...objectOf(own) };
  return { ...body, ...known, ...(Object.keys(model).length === 0 ? {} : { additionalModelRequestFields: model }) };
}

interface BodyOptions {
  readonly refused: ReadonlySet<string>;
  readonly warnings: string[];
}

export function toConverseBody(call: CompletionCall, target: ProviderTarget, options: BodyOptions): ConverseBody {
  const { warnings } = options;
  const family = familyOf(target);
  const { system, messages, warnings: messageWarnings } = toConverseMessages(call.messages, family);
  warnings.push(...messageWarnings, ...unsupported(call));
  const format = toFormat(call, { target, family, ...options });
  const toolConfig = toToolConfig(call, { answerTool: format.answerTool, warnings });
  const reasoning = toReasoning(call, { ...options, target, family, messages, forcesTool: isForced(toolConfig) });
  const config = inferenceConfig(call, { ...options, budget: reasoning.budget, thinks: reasoning.thinks });
  const output = { ...format.native, ...(reasoning.effort === null ? {} : { effort: reasoning.effort }) };
  const all = [...system, ...format.instructions];
  return {
    ...(all.length === 0 ? {} : { system: all }),
    messages,
    ...(toolConfig === null ? {} : { toolConfig }),
    ...(Object.keys(config).length === 0 ? {} : { inferenceConfig: config }),
    ...(Object.keys(output).length === 0 ? {} : { outputConfig: output }),
    ...(reasoning.fields === null ? {} : { additionalModelRequestFields: reasoning.fields }),
  };
}

function unsupported(call: CompletionCall): readonly string[] {
  const { seed, frequencyPenalty, presencePenalty, user } = call;
  const told = Object.entries({ seed, frequencyPenalty, presencePenalty, user }).filter(([, value]) => value !== null);
  const idle = call.tools.length === 0 && call.toolChoice !== null ? [leftOut('toolChoice', 'the call has no tools')] : [];
  const parallel = call.parallelToolCalls === null ? [] : [leftOut('parallelToolCalls')];
  return [...told.map(([name]) => leftOut(name)), ...idle, ...parallel];
}

/** The vendor's range ends at 1; a Claude that thinks takes no temperature, and a top_p near 1 only. */
function inferenceConfig(call: CompletionCall, given: BodyOptions & { budget: number | null; thinks: boolean }): InferenceConfig {
  const { warnings, budget, thinks, refused } = given;
  const temperature = call.temperature === null ? null : Math.min(call.temperature, 1);
  const keepsTemperature = temperature !== null && (!thinks || temperature === 1);
  if (temperature !== null && !keepsTemperature) warnings.push(leftOut('temperature', 'the provider takes none while it reasons'));
  else if (temperature !== call.temperature) warnings.push('temperature was set to 1, the provider’s highest.');
  const keepsTopP = call.topP !== null && (!thinks || call.topP >= 0.95);
  if (call.topP !== null && !keepsTopP) warnings.push(leftOut('topP', 'the provider takes none below 0.95 while it reasons'));
  const maxTokens = call.maxOutputTokens ?? (budget === null ? null : budget + ANSWER_TOKENS);
  if (maxTokens !== call.maxOutputTokens) warnings.push(`maxOutputTokens was set to ${String(maxTokens)}: the reasoning wants a limit.`);
  const config = {
    ...(maxTokens === null ? {} : { maxTokens }),
    ...(temperature === null || !keepsTemperature ? {} : { temperature }),
    ...(call.topP === null || !keepsTopP ? {} : { topP: call.topP }),
    ...(call.stop.length === 0 ? {} : { stopSequences: [...call.stop] }),
  };
  return withoutRefused(config, { refused, warnings });
}

/** What is left for the answer beside a reasoning budget, where nobody says. */
const ANSWER_TOKENS = 4_096;

interface Reasoning {
  readonly fields: JsonObject | null;
  readonly effort: string | null;
  readonly budget: number | null;
  readonly thinks: boolean;
}

interface ReasoningOptions extends BodyOptions {
  readonly target: ProviderTarget;
  readonly family: Family;
  readonly messages: readonly ConverseMessage[];
  readonly forcesTool: boolean;
}

const EFFORTS = { NONE: null, MINIMAL: 'low', LOW: 'low', MEDIUM: 'medium', HIGH: 'high' } as const;

/** Each maker's models are told to reason in its own words. */
function toReasoning(call: CompletionCall, options: ReasoningOptions): Reasoning {
  const none: Reasoning = { fields: null, effort: null, budget: null, thinks: false };
  const { family, warnings } = options;
  const { effort = null, maxTokens = null } = call.reasoning ?? {};
  if (effort === null && maxTokens === null) return none;
  if (family.reasoning === 'claude') return toThinking(call, options);
  if (family.reasoning === null || (effort === null && maxTokens !== null)) {
    warnings.push(leftOut('reasoning', family.reasoning === null ? undefined : 'the model takes an effort only'));
    return none;
  }
  if (maxTokens !== null) warnings.push(leftOut('reasoning.maxTokens', 'the model takes an effort only'));
  const level = EFFORTS[effort ?? 'MEDIUM'];
  if (family.reasoning === 'effort') {
    if (level === null) warnings.push('reasoning.effort was sent as LOW: the model always reasons.');
    return { ...none, fields: { reasoning_effort: level ?? 'low' } };
  }
  const reasoningConfig = level === null ? { type: 'disabled' } : { type: 'enabled', maxReasoningEffort: level };
  return { ...none, fields: { reasoningConfig } };
}

/** https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html */
function toThinking(call: CompletionCall, { target, messages, refused, warnings, forcesTool }: ReasoningOptions): Reasoning {
  const maxTokens = call.maxOutputTokens ?? target.maxOutputTokens;
  const name = /claude/.test(target.upstreamModel) ? target.upstreamModel : target.model;
  const plan = planThinking(call, {
    upstreamModel: name,
    refused,
    maxTokens,
    forcesTool,
    warnings,
    thoughtBeforeCalls: thoughtBeforeCalls(messages),
  });
  const { thinking, effort } = plan;
  return {
    fields: thinking === null ? null : { thinking },
    effort,
    budget: thinking?.type === 'enabled' ? thinking.budget_tokens : null,
    thinks: thinking !== null && thinking.type !== 'disabled',
  };
}

function thoughtBeforeCalls(messages: readonly ConverseMessage[]): boolean {
  const last = messages.findLast(({ role, content }) => role === 'assistant' && content.some((block) => 'toolUse' in block));
  const first = last?.content[0];
  return first !== undefined && 'reasoningContent' in first;
}

interface Format {
  readonly native: ConverseBody['outputConfig'];
  readonly answerTool: ConverseTool | null;
  readonly instructions: readonly TextBlock[];
}

function toFormat(call: CompletionCall, options: BodyOptions & { target: ProviderTarget; family: Family }): Format {
  const none: Format = { native: {}, answerTool: null, instructions: [] };
  const { target, family, refused, warnings } = options;
  const format = call.responseFormat;
  if (format === null || format.kind === 'text') return none;
  if (format.kind === 'json') {
    warnings.push(JSON_WARNING);
    return { ...none, instructions: [{ text: JSON_INSTRUCTION }] };
  }
  const isKnown =
    target.capabilities.size === 0 ? family.structuredOutput : target.capabilities.has('JSON_SCHEMA') && family.structuredOutput;
  if (isKnown && !refused.has('output_format')) {
    const { schema, lost } = reduceSchema(format.schema, STRUCTURED_OUTPUT);
    warnings.push(...reductionWarnings('responseFormat', lost));
    const jsonSchema = { schema: JSON.stringify(schema), name: format.name };
    return { ...none, native: { textFormat: { type: 'json_schema', structure: { jsonSchema } } } };
  }
  warnings.push(ANSWER_TOOL_WARNING);
  const toolSpec = { name: ANSWER_TOOL, description: answerToolDescription(format), inputSchema: { json: objectSchema(format.schema) } };
  return { ...none, answerTool: { toolSpec } };
}
