import type { CompletionCall } from '../core/completion.js';
import type { JsonObject } from '../core/json.js';
import type { InferenceCall } from '../core/operations.js';
import type { ProviderTarget } from './contract.js';
import { objectOf } from './json-read.js';

/** The caller's own fields, by wire format and then by provider: they come last in a body, and win. */
export function extraFields(call: Pick<InferenceCall, 'providerOptions'>, target: ProviderTarget): JsonObject {
  const options = call.providerOptions ?? {};
  return { ...objectOf(options[target.wireFormat]), ...objectOf(options[target.providerSlug]) };
}

/** What is said to callers of a field that was not sent. */
export function leftOut(field: string, reason = 'the provider does not support it'): string {
  return `${field} was left out: ${reason}.`;
}

export const KEEPS_ITSELF = 'the provider keeps prompts by itself, or not at all';

/** Of a conversation with marks of a prompt cache, for a format that has no place for them. */
export function cacheMarksLeftOut({ messages }: CompletionCall): readonly string[] {
  const isMarked = messages.some(({ parts }) => parts.some(({ promptCache }) => promptCache !== undefined));
  return isMarked ? [leftOut('promptCache', KEEPS_ITSELF)] : [];
}

/** The body without the fields that this deployment has refused before, each told. */
export function withoutRefused(body: JsonObject, rules: { refused: ReadonlySet<string>; warnings: string[] }): JsonObject {
  const kept = Object.entries(body).filter(([field]) => {
    if (!rules.refused.has(field)) return true;
    rules.warnings.push(leftOut(field, 'the provider does not support it for this model'));
    return false;
  });
  return Object.fromEntries(kept);
}
