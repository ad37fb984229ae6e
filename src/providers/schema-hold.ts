import type { CompletionCall } from '../core/completion.js';
import type { SchemaDialect } from './schema-place.js';
import { reduceSchema } from './schema-reduction.js';

/** Whether a vendor is to hold the answer to a schema; one that is not strict is a wish. */
export function asksStrictly({ responseFormat }: CompletionCall): boolean {
  return responseFormat?.kind === 'jsonSchema' && responseFormat.strict;
}

/** Whether a vendor that holds the answer to a reduced schema holds it to the caller's: nothing was lost on the way. */
export function holdsReduced(call: CompletionCall, dialect: SchemaDialect): boolean {
  const { responseFormat } = call;
  if (responseFormat?.kind !== 'jsonSchema' || !responseFormat.strict) return false;
  const { schema } = responseFormat;
  return reduceSchema(schema, dialect).lost.length === 0;
}
