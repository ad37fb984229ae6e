import type { Result } from '../core/errors.js';
import type { GraphqlContext } from './context.js';
import { toUserError } from './errors/to-user-error.js';

/** What a change came to, as a member of its result union; what was read before it is forgotten. */
export async function changed<Value>(
  context: GraphqlContext,
  change: Promise<Result<Value>>,
  toNode: (value: Value) => object,
): Promise<object> {
  const result = await change;
  context.freshen();
  return result.ok ? toNode(result.value) : toUserError(result.error, null);
}
