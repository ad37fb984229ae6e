import type { ResponseFormat, Tool, ToolChoice } from '../../core/completion.js';
import { TOOL_CHOICE_MODES } from '../../core/vocabulary.js';
import { readJsonObject, readObjectSchema } from './json.js';
import { given, isGiven, readBoolean, readPlace, readPlaces, readText, readWord, report, requireText } from './place.js';
import type { Place } from './place.js';
import { quoted } from './text.js';

const MAX_TOOLS = 256;
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** What a tool takes that declares no parameters. */
const NO_PARAMETERS = { type: 'object', properties: {} } as const;

export function parseTools(input: Place): readonly Tool[] {
  const names = new Set<string>();
  return readPlaces(input, 'tools', MAX_TOOLS).map((place) => {
    const tool = parseTool(place);
    if (names.has(tool.name)) report(place, 'name', `is the name of another tool: ${quoted(tool.name)}`);
    if (tool.name !== '') names.add(tool.name);
    return tool;
  });
}

function parseTool(place: Place): Tool {
  return {
    name: requireText(place, 'name', { pattern: NAME }),
    description: readText(place, 'description'),
    parameters: readObjectSchema(place, 'parameters') ?? NO_PARAMETERS,
    strict: readBoolean(place, 'strict'),
  };
}

export function parseToolChoice(input: Place, tools: readonly Tool[]): ToolChoice | null {
  const choice = readPlace(input, 'toolChoice');
  if (choice === null) return null;
  if (!isGiven(input, 'tools') || tools.length === 0) return report(input, 'toolChoice', 'needs tools');
  if (given(choice, ['mode', 'tool']).length !== 1) return report(input, 'toolChoice', 'must be exactly one of mode, tool');
  const mode = readWord(choice, 'mode', TOOL_CHOICE_MODES);
  if (mode !== null) return { kind: 'mode', mode };
  const name = readText(choice, 'tool');
  if (name === null) return null;
  return tools.some((tool) => tool.name === name)
    ? { kind: 'tool', name }
    : report(choice, 'tool', `is not among the tools: ${quoted(name)}`);
}

export function parseParallelToolCalls(input: Place, tools: readonly Tool[]): boolean | null {
  const parallel = readBoolean(input, 'parallelToolCalls');
  return parallel !== null && tools.length === 0 ? report(input, 'parallelToolCalls', 'needs tools') : parallel;
}

export function parseResponseFormat(input: Place): ResponseFormat | null {
  const format = readPlace(input, 'responseFormat');
  if (format === null) return null;
  const [kind, second] = given(format, ['text', 'json', 'jsonSchema']);
  if (kind === undefined || second !== undefined) return report(input, 'responseFormat', 'must be exactly one of text, json, jsonSchema');
  if (kind === 'jsonSchema') return parseJsonSchema(format);
  if (readBoolean(format, kind) === false) return report(format, kind, 'can only be true');
  return kind === 'json' ? { kind: 'json' } : { kind: 'text' };
}

function parseJsonSchema(format: Place): ResponseFormat | null {
  const place = readPlace(format, 'jsonSchema');
  if (place === null) return null;
  if (!isGiven(place, 'schema')) report(place, 'schema', 'is required');
  const schema = readJsonObject(place, 'schema') ?? {};
  const name = requireText(place, 'name', { pattern: NAME });
  return { kind: 'jsonSchema', name, schema, strict: readBoolean(place, 'strict') ?? true };
}
