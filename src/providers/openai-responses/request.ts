import { assertNever } from '../../core/assert-never.js';
import type { CompletionCall, Tool } from '../../core/completion.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject } from '../../core/json.js';
import type { ReasoningEffort, ToolChoiceMode } from '../../core/vocabulary.js';
import type { ChatRequest, ChatRequestOptions, ProviderTarget } from '../contract.js';
import { cacheMarksLeftOut, extraFields, leftOut, withoutRefused } from '../extra-fields.js';
import { objectOf } from '../json-read.js';
import { quirksOf } from '../presets.js';
import { strictSubset } from '../strict-subset.js';
import { withStrictSchemas } from '../strict-call.js';
import { toInputItems } from './items.js';
import type { InputItem } from './items.js';

export type ResponsesBody = {
  model: string;
  input: InputItem[];
  store: boolean;
  include?: 'reasoning.encrypted_content'[];
  stream?: boolean;
  tools?: FunctionTool[];
  tool_choice?: 'auto' | 'none' | 'required' | { type: 'function'; name: string };
  parallel_tool_calls?: boolean;
  text?: { format: TextFormat };
  reasoning?: { effort: 'none' | 'minimal' | 'low' | 'medium' | 'high' };
  max_output_tokens?: number;
  temperature?: number;
  top_p?: number;
  user?: string;
};

type Schema = { [keyword: string]: JsonObject[string] };
type FunctionTool = { type: 'function'; name: string; description?: string; parameters: Schema; strict: boolean };
type TextFormat = { type: 'text' } | { type: 'json_object' } | { type: 'json_schema'; name: string; schema: Schema; strict: boolean };

/** Without these the call would ask something else; a refusal of them is told, never worked around. */
const INDISPENSABLE: ReadonlySet<string> = new Set(['model', 'input', 'store', 'stream', 'tools', 'text']);
/** What the gateway adds for itself, and nobody misses. */
const UNTOLD = 'include';

/** POST <baseUrl>/responses. Fields stand in a fixed order, so that the same call is the same bytes. */
export function toResponsesRequest(given: CompletionCall, target: ProviderTarget, options: ChatRequestOptions): ChatRequest {
  const { keyHeader, strictSchemas = 'openai' } = quirksOf(target);
  const { call, isWhole, ...strict } = withStrictSchemas(given, strictSubset(strictSchemas, target.upstreamModel));
  const warnings = [...strict.warnings];
  const { [UNTOLD]: include, ...plain } = toResponsesBody(call, target, { stream: options.stream, warnings });
  const refused = new Set([...options.refusedParameters].filter((name) => !INDISPENSABLE.has(name)));
  const body = withoutRefused(plain, { refused, warnings });
  const key = target.apiKey?.reveal();
  const extra = extraFields(call, target);
  return {
    path: '/responses',
    headers: key === undefined ? {} : keyHeader === undefined ? { authorization: `Bearer ${key}` } : { [keyHeader]: key },
    body: { ...body, ...(include === undefined || refused.has(UNTOLD) ? {} : { include }), ...extra },
    warnings,
    ...(isWhole && !('text' in extra) ? { holdsSchema: true } : {}),
  };
}

const EFFORTS = { NONE: 'none', MINIMAL: 'minimal', LOW: 'low', MEDIUM: 'medium', HIGH: 'high' } as const satisfies Record<
  ReasoningEffort,
  string
>;
const MODES = { AUTO: 'auto', NONE: 'none', REQUIRED: 'required' } as const satisfies Record<ToolChoiceMode, string>;

/** Nothing is stored upstream: the conversation is the caller's, and its reasoning travels encrypted. */
export function toResponsesBody(
  call: CompletionCall,
  target: ProviderTarget,
  { stream, warnings }: { stream: boolean; warnings: string[] },
): ResponsesBody {
  const { input, warnings: itemWarnings } = toInputItems(call.messages);
  warnings.push(...itemWarnings, ...unsupported(call), ...cacheMarksLeftOut(call));
  const effort = call.reasoning?.effort ?? null;
  return {
    model: target.upstreamModel,
    input,
    store: false,
    ...(call.reasoning !== null || target.capabilities.has('REASONING') ? { include: ['reasoning.encrypted_content'] } : {}),
    ...(stream ? { stream } : {}),
    ...toolFields(call),
    ...(call.responseFormat === null ? {} : { text: { format: toFormat(call.responseFormat) } }),
    ...(effort === null ? {} : { reasoning: { effort: EFFORTS[effort] } }),
    ...(call.maxOutputTokens === null ? {} : { max_output_tokens: call.maxOutputTokens }),
    ...(call.temperature === null ? {} : { temperature: call.temperature }),
    ...(call.topP === null ? {} : { top_p: call.topP }),
    ...(call.user === null ? {} : { user: call.user }),
  };
}

function unsupported(call: CompletionCall): readonly string[] {
  const given = {
    stop: call.stop.length === 0 ? null : call.stop,
    seed: call.seed,
    frequencyPenalty: call.frequencyPenalty,
    presencePenalty: call.presencePenalty,
  };
  const told = Object.entries(given).filter(([, value]) => value !== null);
  const needTools = { toolChoice: call.toolChoice, parallelToolCalls: call.parallelToolCalls };
  const idle = call.tools.length > 0 ? [] : Object.entries(needTools).filter(([, value]) => value !== null);
  const budget = (call.reasoning?.maxTokens ?? null) === null ? [] : [leftOut('reasoning.maxTokens', 'the provider takes an effort only')];
  return [...told.map(([name]) => leftOut(name)), ...idle.map(([name]) => leftOut(name, 'the call has no tools')), ...budget];
}

function toolFields(call: CompletionCall): Pick<ResponsesBody, 'tools' | 'tool_choice' | 'parallel_tool_calls'> {
  const { tools, toolChoice, parallelToolCalls } = call;
  if (tools.length === 0) return {};
  const choice = toolChoice?.kind === 'tool' ? { type: 'function' as const, name: toolChoice.name } : toolChoice && MODES[toolChoice.mode];
  return {
    tools: tools.map(toTool),
    ...(choice === null ? {} : { tool_choice: choice }),
    ...(parallelToolCalls === null ? {} : { parallel_tool_calls: parallelToolCalls }),
  };
}

/** In this format a tool is strict unless it says otherwise, so it always says. */
function toTool(tool: Tool): FunctionTool {
  return {
    type: 'function',
    name: tool.name,
    ...(tool.description === null ? {} : { description: tool.description }),
    parameters: isJsonObject(tool.parameters) ? { ...tool.parameters } : { type: 'object', properties: {} },
    strict: tool.strict ?? false,
  };
}

function toFormat(format: NonNullable<CompletionCall['responseFormat']>): TextFormat {
  switch (format.kind) {
    case 'text':
      return { type: 'text' };
    case 'json':
      return { type: 'json_object' };
    case 'jsonSchema':
      return { type: 'json_schema', name: format.name, schema: { ...objectOf(format.schema) }, strict: format.strict };
    default:
      return assertNever(format);
  }
}
