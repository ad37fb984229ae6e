import { Args, Authorized, createUnionType, Ctx, Mutation, Resolver } from 'type-graphql';
import type { OperationRequest } from '../../inference/contract.js';
import type { GraphqlContext } from '../context.js';
import { toUserError } from '../errors/to-user-error.js';
import { Cancelled, GatewayFailed, InvalidRequest, ModelUnavailable, ProvidersFailed } from '../errors/types.js';
import { Embedding } from './embedding.js';
import { EmbedArgs } from './inputs.js';
import { toInference } from './to-inference.js';

const REFUSALS = [InvalidRequest, ModelUnavailable, ProvidersFailed, Cancelled, GatewayFailed] as const;

const EmbedResult = createUnionType({
  name: 'EmbedResult',
  description: 'The vectors, or why there are none.',
  types: () => [Embedding, ...REFUSALS] as const,
});

@Resolver()
export class OperationsResolver {
  @Authorized('INFERENCE')
  @Mutation(() => EmbedResult, { description: 'Makes vectors of texts.' })
  embed(@Args(() => EmbedArgs) args: EmbedArgs, @Ctx() context: GraphqlContext): Promise<object> {
    return operate('EMBEDDING', args, context);
  }
}

interface OperationArgs {
  readonly input: OperationRequest['input'];
  readonly idempotencyKey?: string | null;
}

async function operate(operation: OperationRequest['operation'], args: OperationArgs, context: GraphqlContext): Promise<object> {
  const { input, idempotencyKey } = args;
  const request = { principal: context.caller(), operation, input, idempotencyKey: idempotencyKey ?? null, requestId: context.requestId };
  const { state, error } = await context.services.completions.operate(request, context.signal);
  const inference = toInference(state);
  return error === null ? inference : toUserError(error, inference);
}
