import type { CompletionState } from '../../core/inference.js';
import type { CallOf, OperationName, OperationResult } from '../../core/operations.js';
import type { GraphqlContext } from '../context.js';
import { toUserError } from '../errors/to-user-error.js';
import type { UserError } from '../errors/user-error.js';
import { Inference } from '../inference/inference.js';
import { readsPayload } from '../permissions.js';

type ResultOf<Name extends OperationName> = Extract<OperationResult, { readonly operation: CallOf<Name>['operation'] }>;

/** What results say of themselves where they are gone. */
export const WHILE_KEPT = 'Where it is no longer kept (24 h under a key, else as long as the answer), and without the right to read it:';

/** What inferences that are no completions share. */
export abstract class OperationInference extends Inference {
  constructor(
    state: CompletionState,
    private readonly hasResult = true,
  ) {
    super(state);
  }

  /** Null where there is none, it is not kept any more, or may not be read. */
  protected async resultOf<Name extends OperationName>(operation: Name, context: GraphqlContext): Promise<ResultOf<Name> | null> {
    if (!readsPayload(context.caller(), this.record)) return null;
    const result = this.hasResult ? this.state.result : await context.loaders().result.load(this.record);
    return isOf(result, operation) ? result : null;
  }

  protected override toError(): UserError | null {
    return this.record.error && toUserError(this.record.error, this);
  }
}

function isOf<Name extends OperationName>(result: OperationResult | null | undefined, operation: Name): result is ResultOf<Name> {
  return result?.operation === operation;
}
