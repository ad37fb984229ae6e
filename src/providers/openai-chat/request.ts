import { assertNever } from '../../core/assert-never.js';
import type { CompletionCall, Tool, ToolChoice } from '../../core/completion.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject } from '../../core/json.js';
import type { ReasoningEffort, ToolChoiceMode } from '../../core/vocabulary.js';
import type { ChatRequest, ChatRequestOptions, ProviderTarget } from '../contract.js';
import { extraFields } from '../extra-fields.js';
import { objectOf } from '../json-read.js';
import type { Quirks } from '../preset.js';
import { quirksOf } from '../presets.js';
import { strictSubset } from '../strict-subset.js';
import { withStrictSchemas } from '../strict-call.js';
import { toOpenAiMessages } from './messages.js';
import type { ChatMessage } from './messages.js';

/** The body in the plain form, as OpenAI documents it; vendors' differences are applied to it as data. */
export type OpenAiChatBody = {
  model: string;
  messages: ChatMessage[];
  stream?: boolean;
  stream_options?: { include_usage: boolean };
  tools?: ChatTool[];
  tool_choice?: 'auto' | 'none' | 'required' | { type: 'function'; function: { name: string } };
  parallel_tool_calls?: boolean;
  response_format?: ChatResponseFormat;
  reasoning_effort?: 'none' | 'minimal' | 'low' | 'medium' | 'high';
  max_tokens?: number;
  temperature?: number;
  top_p?: number;
  stop?: string[];
  seed?: number;
  frequency_penalty?: number;
  presence_penalty?: number;
  user?: string;
};

type ChatTool = { type: 'function'; function: { name: string; description?: string; parameters: JsonObject; strict?: boolean } };

type ChatResponseFormat =
  | { type: 'text' }
  | { type: 'json_object'; schema?: JsonObject }
  | { type: 'json_schema'; json_schema: { name: string; schema: JsonObject; strict: boolean } };

/** POST <baseUrl>/chat/completions. Fields stand in a fixed order, so that the same call is the same bytes. */
export function toOpenAiChatRequest(given: CompletionCall, target: ProviderTarget, options: ChatRequestOptions): ChatRequest {
  const quirks = quirksOf(target);
  const { call, isWhole, ...strict } = withStrictSchemas(given, strictSubset(quirks.strictSchemas, target.upstreamModel));
  const warnings = [...strict.warnings];
  const { messages, warnings: messageWarnings } = toOpenAiMessages(call.messages, quirks);
  const plain = toPlainBody(call, { model: target.upstreamModel, messages, stream: options.stream });
  warnings.push(...messageWarnings, ...toolWarnings(call));
  const reasoned = withReasoningBudget({ ...plain, ...ownWords(call, { quirks, warnings }) }, call, { quirks, warnings });
  const body = renameFields(reasoned, { quirks, refused: options.refusedParameters, warnings });
  const extra = extraFields(call, target);
  return {
    path: pathOf('/chat/completions', target, quirks),
    headers: keyHeaders(target, quirks),
    body: { ...body, ...extra },
    warnings,
    // A caller's own field stands in the place of ours.
    ...(quirks.holdsSchemas === true && isWhole && !('response_format' in extra) ? { holdsSchema: true } : {}),
  };
}

/** Below the address; Azure's older form names the deployment there (https://learn.microsoft.com/azure/ai-services/openai/reference). */
export function pathOf(path: string, { baseUrl, upstreamModel }: ProviderTarget, { deploymentPaths }: Quirks): string {
  if (deploymentPaths === undefined || !/\/openai\/?$/.test(baseUrl)) return path;
  return `/deployments/${encodeURIComponent(upstreamModel)}${path}?api-version=${deploymentPaths}`;
}

export function toPlainBody(call: CompletionCall, given: { model: string; messages: ChatMessage[]; stream: boolean }): OpenAiChatBody {
  const { model, messages, stream } = given;
  return {
    model,
    messages,
    ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
    ...toolFields(call),
    ...(call.responseFormat === null ? {} : { response_format: toResponseFormat(call.responseFormat) }),
    ...(call.reasoning?.effort == null ? {} : { reasoning_effort: EFFORTS[call.reasoning.effort] }),
    ...(call.maxOutputTokens === null ? {} : { max_tokens: call.maxOutputTokens }),
    ...(call.temperature === null ? {} : { temperature: call.temperature }),
    ...(call.topP === null ? {} : { top_p: call.topP }),
    ...(call.stop.length === 0 ? {} : { stop: [...call.stop] }),
    ...(call.seed === null ? {} : { seed: call.seed }),
    ...(call.frequencyPenalty === null ? {} : { frequency_penalty: call.frequencyPenalty }),
    ...(call.presencePenalty === null ? {} : { presence_penalty: call.presencePenalty }),
    ...(call.user === null ? {} : { user: call.user }),
  };
}

const EFFORTS = { NONE: 'none', MINIMAL: 'minimal', LOW: 'low', MEDIUM: 'medium', HIGH: 'high' } as const satisfies Record<
  ReasoningEffort,
  string
>;
const MODES = { AUTO: 'auto', NONE: 'none', REQUIRED: 'required' } as const satisfies Record<ToolChoiceMode, string>;

/** A choice between tools, or their number, means nothing without any, and is an error upstream. */
function toolFields(call: CompletionCall): Pick<OpenAiChatBody, 'tools' | 'tool_choice' | 'parallel_tool_calls'> {
  if (call.tools.length === 0) return {};
  return {
    tools: call.tools.map(toTool),
    ...(call.toolChoice === null ? {} : { tool_choice: toToolChoice(call.toolChoice) }),
    ...(call.parallelToolCalls === null ? {} : { parallel_tool_calls: call.parallelToolCalls }),
  };
}

function toolWarnings(call: CompletionCall): readonly string[] {
  if (call.tools.length > 0) return [];
  const ignored = [call.toolChoice === null ? null : 'toolChoice', call.parallelToolCalls === null ? null : 'parallelToolCalls'];
  return ignored.filter((name) => name !== null).map((name) => `${name} was left out: the call has no tools.`);
}

function toTool(tool: Tool): ChatTool {
  const parameters = isJsonObject(tool.parameters) ? tool.parameters : { type: 'object', properties: {} };
  return {
    type: 'function',
    function: {
      name: tool.name,
      ...(tool.description === null ? {} : { description: tool.description }),
      parameters,
      ...(tool.strict === null ? {} : { strict: tool.strict }),
    },
  };
}

function toToolChoice(choice: ToolChoice): NonNullable<OpenAiChatBody['tool_choice']> {
  return choice.kind === 'mode' ? MODES[choice.mode] : { type: 'function', function: { name: choice.name } };
}

function toResponseFormat(format: NonNullable<CompletionCall['responseFormat']>): ChatResponseFormat {
  switch (format.kind) {
    case 'text':
      return { type: 'text' };
    case 'json':
      return { type: 'json_object' };
    case 'jsonSchema':
      return { type: 'json_schema', json_schema: { name: format.name, schema: objectOf(format.schema), strict: format.strict } };
    default:
      return assertNever(format);
  }
}

/** What a vendor says otherwise, in the place where plain form has it. */
function ownWords({ reasoning, responseFormat }: CompletionCall, { quirks, warnings }: { quirks: Quirks; warnings: string[] }) {
  const own: Pick<OpenAiChatBody, 'reasoning_effort' | 'response_format'> = {};
  const asked = reasoning?.effort ?? null;
  const known = quirks.efforts?.at(-1);
  if (asked !== null && known !== undefined && quirks.efforts?.includes(asked) === false) {
    own.reasoning_effort = EFFORTS[known];
    warnings.push(`reasoning.effort was sent as ${known}: the provider knows only ${quirks.efforts.join(' and ')}.`);
  }
  if (quirks.schemaInJsonObject === true && responseFormat?.kind === 'jsonSchema')
    own.response_format = { type: 'json_object', schema: objectOf(responseFormat.schema) };
  return own;
}

/** The plain form has an effort only. */
function withReasoningBudget(
  body: OpenAiChatBody,
  call: CompletionCall,
  { quirks, warnings }: { quirks: Quirks; warnings: string[] },
): JsonObject {
  const maxTokens = call.reasoning?.maxTokens ?? null;
  if (maxTokens === null) return body;
  if (quirks.reasoningObject !== true) {
    warnings.push('reasoning.maxTokens was left out: the provider takes an effort only.');
    return body;
  }
  const { reasoning_effort: effort, ...rest } = body;
  return { ...rest, reasoning: { ...(effort === undefined ? {} : { effort }), max_tokens: maxTokens } };
}

/** A cap goes by two names; where one is refused the other is meant. */
const OTHER_NAME: Readonly<Record<string, string>> = { max_tokens: 'max_completion_tokens', max_completion_tokens: 'max_tokens' };
/** Without these the call would ask something else; a refusal of them is told, never worked around. */
const INDISPENSABLE: ReadonlySet<string> = new Set(['model', 'messages', 'stream', 'tools', 'response_format']);
/** What the gateway adds for itself, and nobody misses. */
const UNTOLD: ReadonlySet<string> = new Set(['stream_options']);

function renameFields(body: JsonObject, rules: { quirks: Quirks; refused: ReadonlySet<string>; warnings: string[] }): JsonObject {
  const { quirks, refused, warnings } = rules;
  const fields: Record<string, JsonObject[string]> = {};
  for (const [field, value] of Object.entries(body)) {
    const known = quirks.fields?.[field];
    const name = known === null ? null : accepted(known ?? field, refused);
    if (name !== null) fields[name] = value;
    else if (!UNTOLD.has(field)) warnings.push(`${field} was left out: the provider does not support it for this model.`);
  }
  return fields;
}

function accepted(name: string, refused: ReadonlySet<string>): string | null {
  if (!refused.has(name) || INDISPENSABLE.has(name)) return name;
  const other = OTHER_NAME[name];
  return other === undefined || refused.has(other) ? null : other;
}

export function keyHeaders(target: ProviderTarget, quirks: Quirks): Readonly<Record<string, string>> {
  if (target.apiKey === null) return {};
  const key = target.apiKey.reveal();
  return quirks.keyHeader === undefined ? { authorization: `Bearer ${key}` } : { [quirks.keyHeader]: key };
}
