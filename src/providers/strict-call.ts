import type { CompletionCall, Tool } from '../core/completion.js';
import type { JsonObject, JsonValue } from '../core/json.js';
import { asksStrictly } from './schema-hold.js';
import { listed, reductionWarnings } from './schema-reduction.js';
import { toStrictSchema } from './strict-schema.js';
import type { StrictSubset } from './strict-subset.js';

export interface StrictCall {
  readonly call: CompletionCall;
  readonly warnings: readonly string[];
  /** Who keeps the schema of the answer as it is sent keeps the caller's. */
  readonly isWhole: boolean;
}

/**
 * The call with each strict schema, of the answer and of tools, in the vendor's strict form; where there is none, not strict, as it was
 * written. A null subset changes nothing.
 */
export function withStrictSchemas(call: CompletionCall, subset: StrictSubset | null): StrictCall {
  if (subset === null) return { call, warnings: [], isWhole: asksStrictly(call) };
  const warnings: string[] = [];
  const tools = call.tools.map((tool) => strictTool(tool, subset, warnings));
  const format = call.responseFormat;
  if (format?.kind !== 'jsonSchema' || !format.strict) return { call: { ...call, tools }, warnings, isWhole: false };
  const { schema, isWhole } = strictForm('responseFormat', format.schema, { subset, warnings });
  const responseFormat = { ...format, schema: schema ?? format.schema, strict: schema !== null };
  return { call: { ...call, tools, responseFormat }, warnings, isWhole };
}

/** One without parameters says so in the form that every vendor takes. */
function strictTool(tool: Tool, subset: StrictSubset, warnings: string[]): Tool {
  if (tool.strict !== true) return tool;
  const { schema } = strictForm(`the tool ${tool.name}`, tool.parameters ?? NONE, { subset, warnings });
  return schema === null ? { ...tool, strict: false } : { ...tool, parameters: schema };
}

const NONE: JsonObject = { type: 'object', properties: {}, additionalProperties: false };

function strictForm(what: string, schema: JsonValue, { subset, warnings }: { subset: StrictSubset; warnings: string[] }) {
  const strict = toStrictSchema(schema, subset);
  if (strict.schema === null) {
    warnings.push(`The schema of ${what} was sent without strict: the provider’s strict form can’t say ${strict.because}.`);
    return { schema: null, isWhole: false };
  }
  warnings.push(...reductionWarnings(what, strict.lost));
  if (strict.narrowed.length > 0)
    warnings.push(`The schema of ${what} was narrowed to the provider’s strict form; what fits it fits yours: ${listed(strict.narrowed)}.`);
  return { schema: strict.schema, isWhole: strict.lost.length === 0 };
}
