import { Args, Authorized, createUnionType, Ctx, Mutation, Query, Resolver, Subscription } from 'type-graphql';
import { notFound } from '../../core/errors.js';
import type { CompletionEvent as CoreEvent } from '../../core/events.js';
import type { CompletionState } from '../../core/inference.js';
import type { CompletionOutcome, CompletionRequest, ReadPosition } from '../../inference/contract.js';
import type { GraphqlContext } from '../context.js';
import { toUserError } from '../errors/to-user-error.js';
import { Cancelled, GatewayFailed, InvalidRequest, ModelUnavailable, NotFound, ProvidersFailed } from '../errors/types.js';
import { IdArgs } from '../id-args.js';
import { toInference } from '../operations/to-inference.js';
import { InputArg, type With } from '../input-arg.js';
import { BOUND_BY_ROOTS } from '../roots.js';
import { Completion } from './completion.js';
import { CancelCompletionInput, CompleteArgs, CompletionStreamArgs, StreamCompletionArgs } from './completion-input.js';
import { CompletionEvent, toEvent } from './events.js';
import { Inference } from './inference.js';
import { mapIterator } from './stream.js';

const CompleteResult = createUnionType({
  name: 'CompleteResult',
  description: 'The completion, or why there is none.',
  types: () => [Completion, InvalidRequest, ModelUnavailable, ProvidersFailed, Cancelled, GatewayFailed] as const,
});

const CancelCompletionResult = createUnionType({
  name: 'CancelCompletionResult',
  description: 'The completion as it stands, or that there is none.',
  types: () => [Completion, NotFound] as const,
});

@Resolver()
export class InferenceResolver {
  @Authorized('INFERENCE', 'USAGE_READ')
  @Query(() => Completion, { nullable: true, description: 'One’s own completion, or with USAGE_READ any; null where there is none.' })
  async completion(@Args(() => IdArgs) { id }: IdArgs, @Ctx() context: GraphqlContext): Promise<Completion | null> {
    return toCompletion(await context.services.completions.find(context.caller(), id));
  }

  @Authorized('INFERENCE', 'USAGE_READ')
  @Query(() => Inference, {
    nullable: true,
    description: 'One’s own inference of any operation, or with USAGE_READ any; null where there is none.',
  })
  async inference(@Args(() => IdArgs) { id }: IdArgs, @Ctx() context: GraphqlContext): Promise<Inference | null> {
    const state = await context.services.completions.find(context.caller(), id);
    return state && toInference(state);
  }

  @Authorized('INFERENCE')
  @Mutation(() => CompleteResult, {
    description:
      'Runs a completion and answers when it has ended. With the same idempotencyKey (kept 24 h) and input: the same completion; with another input: IDEMPOTENCY_MISMATCH.',
  })
  async complete(@Args(() => CompleteArgs) args: CompleteArgs, @Ctx() context: GraphqlContext): Promise<object> {
    const result = toResult(await context.services.completions.complete(toRequest(args, context), context.signal));
    if (result instanceof ProvidersFailed && result.retryAfterMs !== null) context.onRefusal?.(result.retryAfterMs);
    return result;
  }

  @Authorized('INFERENCE')
  @Mutation(() => CompleteResult, {
    description: 'Starts a completion and answers at once; read it with completionStream or completion. It goes on without a reader.',
  })
  async startCompletion(@Args(() => CompleteArgs) args: CompleteArgs, @Ctx() context: GraphqlContext): Promise<object> {
    return toResult(await context.services.completions.start(toRequest(args, context)));
  }

  @Authorized('INFERENCE')
  @Mutation(() => CancelCompletionResult, { description: 'Ends a running completion of one’s own; an ended one is answered as it is.' })
  async cancelCompletion(
    @InputArg(() => CancelCompletionInput) { input }: With<CancelCompletionInput>,
    @Ctx() context: GraphqlContext,
  ): Promise<object> {
    const state = await context.services.completions.cancel(context.caller(), input.id);
    return toCompletion(state) ?? toUserError(notFound('completion', input.id), null);
  }

  @Authorized('INFERENCE', 'PAYLOAD_READ')
  @Subscription(() => CompletionEvent, {
    subscribe: BOUND_BY_ROOTS,
    description: 'Replays the events after `after`, then follows live to the end. Read-only, resumable, safe to merge in a router.',
  })
  async completionStream(
    @Args(() => CompletionStreamArgs) args: CompletionStreamArgs,
    @Ctx() context: GraphqlContext,
  ): Promise<AsyncIterableIterator<CompletionEvent>> {
    const events = await context.services.completions.read(context.caller(), args.id, positionOf(args, context));
    return mapIterator(events, (event) => withFreshContext(context, event));
  }

  @Authorized('INFERENCE')
  @Subscription(() => CompletionEvent, {
    subscribe: BOUND_BY_ROOTS,
    description:
      'Starts a completion and streams it in one hop. The key is required: clients resubscribe by themselves and routers merge equal ' +
      'subscriptions, and neither may pay twice. Same key: attaches to the running or finished completion.',
  })
  async streamCompletion(
    @Args(() => StreamCompletionArgs) args: StreamCompletionArgs,
    @Ctx() context: GraphqlContext,
  ): Promise<AsyncIterableIterator<CompletionEvent>> {
    const { idempotencyKey } = args;
    const events = await context.services.completions.stream({
      ...toRequest(args, context),
      ...positionOf(args, context),
      idempotencyKey,
    });
    return mapIterator(events, (event) => withFreshContext(context, event));
  }
}

function toCompletion(state: CompletionState | null): Completion | null {
  return state?.record.operation === 'COMPLETION' ? new Completion(state) : null;
}

function toRequest({ input, idempotencyKey }: CompleteArgs, context: GraphqlContext): CompletionRequest {
  return { principal: context.caller(), input, idempotencyKey: idempotencyKey ?? null, requestId: context.requestId };
}

function positionOf({ after }: { after?: number | null }, { signal, isBehind }: GraphqlContext): ReadPosition {
  return { after: after ?? -1, reader: signal, ...(isBehind ? { isBehind } : {}) };
}

/** Each event sees the configuration and the relations as they are when it is sent. */
function withFreshContext(context: GraphqlContext, event: CoreEvent): CompletionEvent {
  context.freshen();
  return toEvent(event);
}

function toResult({ state, error }: CompletionOutcome): object {
  const completion = new Completion(state);
  return error === null ? completion : toUserError(error, completion);
}
