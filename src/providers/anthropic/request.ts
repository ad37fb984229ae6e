import type { CompletionCall, Tool } from '../../core/completion.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject } from '../../core/json.js';
import { ANSWER_TOOL, ANSWER_TOOL_WARNING, JSON_INSTRUCTION, JSON_WARNING, answerToolDescription } from '../answer-tool.js';
import type { ChatRequest, ChatRequestOptions, ProviderTarget } from '../contract.js';
import { extraFields, leftOut, withoutRefused } from '../extra-fields.js';
import { holdsReduced } from '../schema-hold.js';
import { reductionWarnings, reduceSchema } from '../schema-reduction.js';
import type { SchemaDialect } from '../schema-place.js';
import { toAnthropicMessages } from './messages.js';
import type { AnthropicMessage, TextBlock } from './messages.js';
import { planThinking } from './thinking.js';
import type { Effort, Thinking, ThinkingPlan } from './thinking.js';

export type AnthropicBody = {
  model: string;
  max_tokens: number;
  system?: string | TextBlock[];
  messages: AnthropicMessage[];
  stream?: boolean;
  tools?: AnthropicTool[];
  tool_choice?: AnthropicToolChoice;
  output_config?: { effort?: Effort; format?: { type: 'json_schema'; schema: { [key: string]: JsonObject[string] } } };
  thinking?: Thinking;
  temperature?: number;
  top_p?: number;
  stop_sequences?: string[];
  metadata?: { user_id: string };
};

type AnthropicTool = {
  name: string;
  description?: string;
  input_schema: { type: 'object'; [key: string]: JsonObject[string] };
  strict?: boolean;
};
type AnthropicToolChoice =
  | { type: 'auto' | 'any'; disable_parallel_tool_use?: boolean }
  | { type: 'tool'; name: string; disable_parallel_tool_use?: boolean }
  | { type: 'none' };

const VERSION = '2023-06-01';
/** The form wants a cap; where neither the caller nor the model's data gives one, this is it. */
const DEFAULT_MAX_TOKENS = 4_096;

/** POST <baseUrl>/messages. Fields stand in a fixed order, so that the same call is the same bytes. */
export function toAnthropicRequest(call: CompletionCall, target: ProviderTarget, options: ChatRequestOptions): ChatRequest {
  const warnings: string[] = [];
  const plain = toAnthropicBody(call, target, { ...options, warnings });
  // These two have another form; the plan has already turned to it.
  const refused = new Set([...options.refusedParameters].filter((name) => !TAKEN_CARE_OF.has(name)));
  const body = withoutRefused(plain, { refused, warnings });
  const extra = extraFields(call, target);
  return {
    path: '/messages',
    headers: anthropicHeaders(target),
    body: { ...body, ...extra },
    warnings,
    ...(plain.output_config?.format && !('output_config' in extra) && holdsReduced(call, STRUCTURED_OUTPUT) ? { holdsSchema: true } : {}),
  };
}

const TAKEN_CARE_OF: ReadonlySet<string> = new Set([
  'thinking',
  'effort',
  'output_format',
  'model',
  'messages',
  'max_tokens',
  'stream',
  'tools',
]);

interface BodyOptions extends ChatRequestOptions {
  readonly warnings: string[];
}

export function toAnthropicBody(call: CompletionCall, target: ProviderTarget, options: BodyOptions): AnthropicBody {
  const { warnings } = options;
  const { system, messages, warnings: messageWarnings } = toAnthropicMessages(call.messages);
  warnings.push(...messageWarnings, ...unsupported(call));
  const format = toFormat(call, target, options);
  const tools = toTools(call, { format, warnings });
  const toolChoice = toToolChoice(call, { answerTool: format.answerTool !== null, warnings });
  const forcesTool = toolChoice?.type === 'any' || toolChoice?.type === 'tool';
  const plan = planThinking(call, {
    upstreamModel: target.upstreamModel,
    refused: options.refusedParameters,
    maxTokens: call.maxOutputTokens ?? target.maxOutputTokens,
    thoughtBeforeCalls: thoughtBeforeCalls(messages),
    forcesTool,
    warnings,
  });
  const config = { ...(plan.effort === null ? {} : { effort: plan.effort }), ...(format.native === null ? {} : { format: format.native }) };
  return {
    model: target.upstreamModel,
    max_tokens: maxTokensOf(call, { target, plan, warnings }),
    ...systemField([...system, ...format.instructions]),
    messages,
    ...(options.stream ? { stream: true } : {}),
    ...(tools.length === 0 ? {} : { tools }),
    ...(toolChoice === null ? {} : { tool_choice: toolChoice }),
    ...(Object.keys(config).length === 0 ? {} : { output_config: config }),
    ...(plan.thinking === null ? {} : { thinking: plan.thinking }),
    ...sampling(call, { plan, warnings }),
    ...(call.stop.length === 0 ? {} : { stop_sequences: [...call.stop] }),
    ...(call.user === null ? {} : { metadata: { user_id: call.user } }),
  };
}

function thoughtBeforeCalls(messages: readonly AnthropicMessage[]): boolean {
  const last = messages.findLast(({ role, content }) => role === 'assistant' && content.some(({ type }) => type === 'tool_use'));
  const first = last?.content[0]?.type;
  return first === 'thinking' || first === 'redacted_thinking';
}

function unsupported(call: CompletionCall): readonly string[] {
  const given = { seed: call.seed, frequencyPenalty: call.frequencyPenalty, presencePenalty: call.presencePenalty };
  const told = Object.entries(given)
    .filter(([, value]) => value !== null)
    .map(([name]) => leftOut(name));
  const needTools = { toolChoice: call.toolChoice, parallelToolCalls: call.parallelToolCalls };
  const idle = call.tools.length > 0 ? [] : Object.entries(needTools).filter(([, value]) => value !== null);
  return [...told, ...idle.map(([name]) => leftOut(name, 'the call has no tools'))];
}

function systemField(blocks: readonly TextBlock[]): Pick<AnthropicBody, 'system'> {
  const [first, ...rest] = blocks;
  if (first === undefined) return {};
  return { system: rest.length === 0 && first.cache_control === undefined ? first.text : [...blocks] };
}

function maxTokensOf(call: CompletionCall, given: { target: ProviderTarget; plan: ThinkingPlan; warnings: string[] }): number {
  const known = call.maxOutputTokens ?? given.target.maxOutputTokens;
  if (known !== null) return known;
  const budget = given.plan.thinking?.type === 'enabled' ? given.plan.thinking.budget_tokens : 0;
  const cap = budget + DEFAULT_MAX_TOKENS;
  given.warnings.push(`maxOutputTokens was set to ${String(cap)}: the provider wants a limit.`);
  return cap;
}

/** The vendor's range ends at 1; while thinking it takes no temperature, and a top_p near 1 only. */
function sampling(
  call: CompletionCall,
  { plan, warnings }: { plan: ThinkingPlan; warnings: string[] },
): Pick<AnthropicBody, 'temperature' | 'top_p'> {
  const isThinking = plan.thinking !== null && plan.thinking.type !== 'disabled';
  const temperature = call.temperature === null ? null : Math.min(call.temperature, 1);
  if (isThinking && temperature !== null && temperature !== 1)
    warnings.push(leftOut('temperature', 'the provider takes none while it reasons'));
  else if (temperature !== call.temperature) warnings.push('temperature was set to 1, the provider’s highest.');
  const keepsTopP = call.topP !== null && (!isThinking || call.topP >= 0.95);
  if (call.topP !== null && !keepsTopP) warnings.push(leftOut('topP', 'the provider takes none below 0.95 while it reasons'));
  return {
    ...(temperature === null || (isThinking && temperature !== 1) ? {} : { temperature }),
    ...(call.topP === null || !keepsTopP ? {} : { top_p: call.topP }),
  };
}

interface Format {
  readonly native: { type: 'json_schema'; schema: JsonObject } | null;
  readonly answerTool: AnthropicTool | null;
  readonly instructions: readonly TextBlock[];
}

/** Structured output where the model has it, else a tool whose input is the answer: https://platform.claude.com/docs/en/build-with-claude/structured-outputs */
function toFormat(call: CompletionCall, target: ProviderTarget, { refusedParameters, warnings }: BodyOptions): Format {
  const none: Format = { native: null, answerTool: null, instructions: [] };
  const format = call.responseFormat;
  if (format === null || format.kind === 'text') return none;
  if (format.kind === 'json') {
    warnings.push(JSON_WARNING);
    return { ...none, instructions: [{ type: 'text', text: JSON_INSTRUCTION }] };
  }
  const hasNative = (target.capabilities.size === 0 || target.capabilities.has('JSON_SCHEMA')) && !refusedParameters.has('output_format');
  if (hasNative) {
    const { schema, lost } = reduceSchema(format.schema, STRUCTURED_OUTPUT);
    warnings.push(...reductionWarnings('responseFormat', lost));
    return { ...none, native: { type: 'json_schema', schema } };
  }
  warnings.push(ANSWER_TOOL_WARNING);
  return {
    ...none,
    answerTool: { name: ANSWER_TOOL, description: answerToolDescription(format), input_schema: objectSchema(format.schema) },
  };
}

/** https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations */
export const STRUCTURED_OUTPUT: SchemaDialect = {
  keywords: new Set(['title', 'description', 'default', 'pattern', 'required']),
  formats: new Set(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid']),
  openApi: false,
  closedObjects: true,
};

function toTools(call: CompletionCall, { format, warnings }: { format: Format; warnings: string[] }): AnthropicTool[] {
  const tools = call.tools.map((tool) => toTool(tool, warnings));
  return format.answerTool === null ? tools : [...tools, format.answerTool];
}

/** Any schema does, unless the tool is strict: then it is under the rules of structured output. */
function toTool(tool: Tool, warnings: string[]): AnthropicTool {
  const reduced = tool.strict === true ? reduceSchema(tool.parameters, STRUCTURED_OUTPUT) : null;
  warnings.push(...reductionWarnings(`the tool ${tool.name}`, reduced?.lost ?? []));
  return {
    name: tool.name,
    ...(tool.description === null ? {} : { description: tool.description }),
    input_schema: objectSchema(reduced?.schema ?? tool.parameters),
    ...(tool.strict === null ? {} : { strict: tool.strict }),
  };
}

function objectSchema(schema: Tool['parameters']): AnthropicTool['input_schema'] {
  return { properties: {}, ...(isJsonObject(schema) ? schema : {}), type: 'object' };
}

const MODES = { AUTO: 'auto', NONE: 'none', REQUIRED: 'any' } as const;

function toToolChoice(
  call: CompletionCall,
  { answerTool, warnings }: { answerTool: boolean; warnings: string[] },
): AnthropicToolChoice | null {
  if (answerTool && call.tools.length === 0) return { type: 'tool', name: ANSWER_TOOL };
  if (call.tools.length === 0) return null;
  const parallel = call.parallelToolCalls === null ? {} : { disable_parallel_tool_use: !call.parallelToolCalls };
  const { toolChoice } = call;
  if (toolChoice?.kind === 'tool') return { type: 'tool', name: toolChoice.name, ...parallel };
  if (answerTool && toolChoice?.mode === 'NONE') return { type: 'tool', name: ANSWER_TOOL };
  if (answerTool) return { type: 'any', ...parallel };
  if (toolChoice === null) return call.parallelToolCalls === null ? null : { type: 'auto', ...parallel };
  const type = MODES[toolChoice.mode];
  if (type !== 'none') return { type, ...parallel };
  if (call.parallelToolCalls !== null) warnings.push(leftOut('parallelToolCalls', 'no tool may be called'));
  return { type };
}

export function anthropicHeaders({ apiKey }: ProviderTarget): Readonly<Record<string, string>> {
  return { 'anthropic-version': VERSION, ...(apiKey === null ? {} : { 'x-api-key': apiKey.reveal() }) };
}
