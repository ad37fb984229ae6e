import type { CompletionCall, Tool } from '../../core/completion.js';
import type { JsonObject } from '../../core/json.js';
import type { ReasoningEffort } from '../../core/vocabulary.js';
import type { ChatRequest, ChatRequestOptions, ProviderTarget } from '../contract.js';
import { cacheMarksLeftOut, extraFields, leftOut, withoutRefused } from '../extra-fields.js';
import { holdsReduced } from '../schema-hold.js';
import type { SchemaDialect } from '../schema-place.js';
import { reduceSchema, reductionWarnings } from '../schema-reduction.js';
import { toGeminiContents } from './contents.js';
import type { GeminiContent, TextPart } from './contents.js';
import { keyHeaders, modelPath } from './paths.js';

export type GeminiBody = {
  systemInstruction?: { parts: TextPart[] };
  contents: GeminiContent[];
  tools?: { functionDeclarations: GeminiFunction[] }[];
  toolConfig?: { functionCallingConfig: { mode: 'AUTO' | 'NONE' | 'ANY'; allowedFunctionNames?: string[] } };
  generationConfig?: GenerationConfig;
};

type GeminiSchema = { [keyword: string]: JsonObject[string] };
type GeminiFunction = { name: string; description?: string; parameters?: GeminiSchema };

export type GenerationConfig = {
  responseMimeType?: string;
  responseSchema?: GeminiSchema;
  thinkingConfig?: ThinkingConfig;
  maxOutputTokens?: number;
  temperature?: number;
  topP?: number;
  stopSequences?: string[];
  seed?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
};

type ThinkingConfig = { includeThoughts: boolean; thinkingBudget?: number; thinkingLevel?: 'MINIMAL' | 'LOW' | 'MEDIUM' | 'HIGH' };

/** POST <baseUrl>/models/<model>:generateContent. Fields stand in a fixed order, so that the same call is the same bytes. */
export function toGeminiRequest(call: CompletionCall, target: ProviderTarget, options: ChatRequestOptions): ChatRequest {
  const warnings: string[] = [];
  const plain = toGeminiBody(call, target, warnings);
  const config = withoutRefused(plain.generationConfig ?? {}, { refused: refusedFields(options.refusedParameters), warnings });
  const { generationConfig: _, ...rest } = plain;
  const body = { ...rest, ...(Object.keys(config).length === 0 ? {} : { generationConfig: config }) };
  const extra = extraFields(call, target);
  return {
    path: modelPath(target, options.stream ? 'streamGenerateContent?alt=sse' : 'generateContent'),
    headers: keyHeaders(target),
    body: { ...body, ...extra },
    warnings,
    ...('responseSchema' in config && !('generationConfig' in extra) && holdsReduced(call, OPEN_API) ? { holdsSchema: true } : {}),
  };
}

/** The vendor refuses both penalties in one word. */
function refusedFields(refused: ReadonlySet<string>): ReadonlySet<string> {
  return refused.has('penalties') ? new Set([...refused, 'frequencyPenalty', 'presencePenalty']) : refused;
}

export function toGeminiBody(call: CompletionCall, target: ProviderTarget, warnings: string[]): GeminiBody {
  const { upstreamModel } = target;
  const {
    system,
    contents,
    warnings: contentWarnings,
  } = toGeminiContents(call.messages, { needsSignatures: !OLD_MODEL.test(upstreamModel) });
  warnings.push(...contentWarnings, ...unsupported(call), ...cacheMarksLeftOut(call));
  const config = toGenerationConfig(call, { upstreamModel, warnings });
  return {
    ...(system.length === 0 ? {} : { systemInstruction: { parts: system } }),
    contents,
    ...toolFields(call, warnings),
    ...(Object.keys(config).length === 0 ? {} : { generationConfig: config }),
  };
}

function unsupported(call: CompletionCall): readonly string[] {
  const withoutTools = call.toolChoice !== null && call.tools.length === 0 ? [leftOut('toolChoice', 'the call has no tools')] : [];
  const given = { parallelToolCalls: call.parallelToolCalls, user: call.user };
  const strict = call.tools.some((tool) => tool.strict === true) ? [leftOut('strict')] : [];
  return [
    ...withoutTools,
    ...strict,
    ...Object.entries(given)
      .filter(([, value]) => value !== null)
      .map(([name]) => leftOut(name)),
  ];
}

/** The vendor's Schema object, a part of OpenAPI 3.0: https://ai.google.dev/api/caching#Schema */
const OPEN_API: SchemaDialect = {
  keywords: new Set([
    ...['title', 'description', 'default', 'example', 'nullable', 'required', 'propertyOrdering', 'pattern', 'minimum', 'maximum'],
    ...['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties'],
  ]),
  formats: new Set(['float', 'double', 'int32', 'int64', 'enum', 'date-time']),
  openApi: true,
  closedObjects: false,
};

const MODES = { AUTO: 'AUTO', NONE: 'NONE', REQUIRED: 'ANY' } as const;

function toolFields(call: CompletionCall, warnings: string[]): Pick<GeminiBody, 'tools' | 'toolConfig'> {
  const { toolChoice, tools } = call;
  if (tools.length === 0) return {};
  const declared = { tools: [{ functionDeclarations: tools.map((tool) => toFunction(tool, warnings)) }] };
  if (toolChoice === null) return declared;
  const config =
    toolChoice.kind === 'mode' ? { mode: MODES[toolChoice.mode] } : { mode: 'ANY' as const, allowedFunctionNames: [toolChoice.name] };
  return { ...declared, toolConfig: { functionCallingConfig: config } };
}

/** An object without properties is refused, so a tool without parameters says nothing of them. */
function toFunction(tool: Tool, warnings: string[]): GeminiFunction {
  const { schema, lost } = reduceSchema(tool.parameters, OPEN_API);
  warnings.push(...reductionWarnings(`the tool ${tool.name}`, lost));
  return {
    name: tool.name,
    ...(tool.description === null ? {} : { description: tool.description }),
    ...(schema['properties'] === undefined && schema['anyOf'] === undefined ? {} : { parameters: { ...schema } }),
  };
}

function toGenerationConfig(call: CompletionCall, given: { upstreamModel: string; warnings: string[] }): GenerationConfig {
  return {
    ...toFormat(call, given.warnings),
    ...toThinking(call, given),
    ...(call.maxOutputTokens === null ? {} : { maxOutputTokens: call.maxOutputTokens }),
    ...(call.temperature === null ? {} : { temperature: call.temperature }),
    ...(call.topP === null ? {} : { topP: call.topP }),
    ...(call.stop.length === 0 ? {} : { stopSequences: [...call.stop] }),
    ...(call.seed === null ? {} : { seed: call.seed }),
    ...(call.frequencyPenalty === null ? {} : { frequencyPenalty: call.frequencyPenalty }),
    ...(call.presencePenalty === null ? {} : { presencePenalty: call.presencePenalty }),
  };
}

function toFormat({ responseFormat }: CompletionCall, warnings: string[]): Pick<GenerationConfig, 'responseMimeType' | 'responseSchema'> {
  if (responseFormat === null || responseFormat.kind === 'text') return {};
  if (responseFormat.kind === 'json') return { responseMimeType: 'application/json' };
  const { schema, lost } = reduceSchema(responseFormat.schema, OPEN_API);
  warnings.push(...reductionWarnings('responseFormat', lost));
  return { responseMimeType: 'application/json', responseSchema: { ...schema } };
}

/** Before the third generation: no signatures wanted, and reasoning by budget. */
const OLD_MODEL = /gemini-[12](\.|-|$)|gemini-(pro|flash)-1|gemma/;
const LEVEL_MODEL = /gemini-[3-9](\.|-|$)/;

/** How many tokens a model that takes a budget may think for, by the effort asked of it. */
export const THINKING_BUDGETS: Readonly<Record<ReasoningEffort, number>> = {
  NONE: 0,
  MINIMAL: 512,
  LOW: 1_024,
  MEDIUM: 8_192,
  HIGH: 24_576,
};

/** https://ai.google.dev/gemini-api/docs/thinking */
function toThinking(
  { reasoning }: CompletionCall,
  given: { upstreamModel: string; warnings: string[] },
): Pick<GenerationConfig, 'thinkingConfig'> {
  if (reasoning === null || (reasoning.effort === null && reasoning.maxTokens === null)) return {};
  const { effort, maxTokens } = reasoning;
  const includeThoughts = effort !== 'NONE';
  if (maxTokens !== null || effort === null || !LEVEL_MODEL.test(given.upstreamModel))
    return { thinkingConfig: { includeThoughts, thinkingBudget: maxTokens ?? THINKING_BUDGETS[effort ?? 'MEDIUM'] } };
  if (effort === 'NONE') given.warnings.push('reasoning.effort was sent as MINIMAL: the model always reasons.');
  return { thinkingConfig: { includeThoughts, thinkingLevel: effort === 'NONE' ? 'MINIMAL' : effort } };
}
