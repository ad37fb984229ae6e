import type { CompletionCall, Message, Tool } from '../../core/completion.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject } from '../../core/json.js';
import { ANSWER_TOOL } from '../answer-tool.js';
import { STRUCTURED_OUTPUT } from '../anthropic/request.js';
import { leftOut } from '../extra-fields.js';
import { reduceSchema, reductionWarnings } from '../schema-reduction.js';
import { toToolName } from './messages.js';

export type ConverseTool = {
  toolSpec: { name: string; description?: string; inputSchema: { json: { [keyword: string]: JsonObject[string] } }; strict?: boolean };
};
type Empty = Record<string, never>;
export type ToolConfig = { tools: ConverseTool[]; toolChoice?: { auto: Empty } | { any: Empty } | { tool: { name: string } } };

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html */
export function toToolConfig(
  call: CompletionCall,
  { answerTool, warnings }: { answerTool: ConverseTool | null; warnings: string[] },
): ToolConfig | null {
  const forbids = call.toolChoice?.kind === 'mode' && call.toolChoice.mode === 'NONE';
  const declared = call.tools.map((tool) => toTool(tool, warnings));
  const earlier = declared.length === 0 ? toolsOfConversation(call.messages) : [];
  if (earlier.length > 0) warnings.push('The tools of earlier turns were declared by name: the provider wants them beside their calls.');
  const own = forbids && toolsOfConversation(call.messages).length === 0 ? [] : [...declared, ...earlier];
  if (forbids && call.tools.length > 0)
    warnings.push(
      own.length === 0
        ? 'The tools were left out, since none may be called: the provider has no other way to say so.'
        : leftOut('toolChoice', 'the provider can’t be told to call no tool, and wants those of earlier turns'),
    );
  const tools = answerTool === null ? own : [...own, answerTool];
  if (tools.length === 0) return null;
  const toolChoice = toToolChoice(call, { answerTool, hasOthers: call.tools.length > 0 && !forbids });
  return { tools, ...(toolChoice === null ? {} : { toolChoice }) };
}

function toToolChoice(
  { toolChoice }: CompletionCall,
  { answerTool, hasOthers }: { answerTool: ConverseTool | null; hasOthers: boolean },
): NonNullable<ToolConfig['toolChoice']> | null {
  if (answerTool !== null && !hasOthers) return { tool: { name: ANSWER_TOOL } };
  if (!hasOthers || toolChoice === null) return answerTool === null ? null : { any: {} };
  if (toolChoice.kind === 'tool') return { tool: { name: toolChoice.name } };
  return answerTool !== null || toolChoice.mode === 'REQUIRED' ? { any: {} } : { auto: {} };
}

/** Any schema does, unless the tool is strict: then it is under the rules of structured output. An empty description is refused. */
function toTool(tool: Tool, warnings: string[]): ConverseTool {
  const reduced = tool.strict === true ? reduceSchema(tool.parameters, STRUCTURED_OUTPUT) : null;
  warnings.push(...reductionWarnings(`the tool ${tool.name}`, reduced?.lost ?? []));
  return {
    toolSpec: {
      name: tool.name,
      ...(tool.description === null || tool.description === '' ? {} : { description: tool.description }),
      inputSchema: { json: objectSchema(reduced?.schema ?? tool.parameters) },
      ...(tool.strict === null ? {} : { strict: tool.strict }),
    },
  };
}

function toolsOfConversation(messages: readonly Message[]): readonly ConverseTool[] {
  const called = messages.flatMap(({ parts }) => parts.flatMap((part) => (part.kind === 'toolCall' ? [toToolName(part.name)] : [])));
  return [...new Set(called)].map((name) => ({ toolSpec: { name, inputSchema: { json: objectSchema({}) } } }));
}

export function objectSchema(schema: Tool['parameters']): ConverseTool['toolSpec']['inputSchema']['json'] {
  return { properties: {}, ...(isJsonObject(schema) ? schema : {}), type: 'object' };
}

export function isForced(config: ToolConfig | null): boolean {
  return config?.toolChoice !== undefined && !('auto' in config.toolChoice);
}
