import { Args, Authorized, createUnionType, Ctx, Mutation, Query, Resolver, Subscription } from 'type-graphql';
import { changed } from '../changed.js';
import { parsePage } from '../connection.js';
import type { GraphqlContext } from '../context.js';
import { InvalidRequest, NotFound } from '../errors/types.js';
import { Feedback, toFeedback } from '../inference/feedback.js';
import { Inference } from '../inference/inference.js';
import { mapIterator } from '../inference/stream.js';
import { InputArg, type With } from '../input-arg.js';
import { inferenceOf } from '../operations/to-inference.js';
import { BOUND_BY_ROOTS } from '../roots.js';
import { INFERENCE_LIST, InferenceConnection, toInferences } from './connection.js';
import { InferencesArgs, InferenceSettledArgs, RecordFeedbackInput } from './inputs.js';

const RecordFeedbackResult = createUnionType({
  name: 'RecordFeedbackResult',
  description: 'The feedback, or why it was not taken.',
  types: () => [Feedback, InvalidRequest, NotFound] as const,
});

@Resolver()
export class InferencesResolver {
  @Authorized('USAGE_READ')
  @Query(() => InferenceConnection, {
    nullable: true,
    description:
      'What is in the books, the newest first; a team’s key sees its team’s. A row stands there within 5 s of its end. Words (`text`, `answer`, ' +
      '`prompt`) are read only where they are asked for, for the whole page at once, under the same rules as with `completion`.',
  })
  async inferences(@Args(() => InferencesArgs) args: InferencesArgs, @Ctx() context: GraphqlContext): Promise<InferenceConnection> {
    const page = parsePage(INFERENCE_LIST, args);
    const loaded = await context.services.reports.inferences(context.caller(), args.filter ?? {}, page);
    return toInferences({ ...loaded, hasPreviousPage: page.after !== null });
  }

  @Authorized('USAGE_READ')
  @Subscription(() => Inference, {
    subscribe: BOUND_BY_ROOTS,
    description:
      'Finished inferences as they are booked, for a live log: those of every replica, from now on. A team’s key sees its team’s. A reader ' +
      'that falls far behind gets EVENTS_EXPIRED; `inferences` has what it missed.',
  })
  inferenceSettled(
    @Args(() => InferenceSettledArgs) { filter }: InferenceSettledArgs,
    @Ctx() context: GraphqlContext,
  ): AsyncIterableIterator<Inference> {
    const records = context.services.reports.settled(context.caller(), filter ?? {}, context.signal);
    return mapIterator(records, (record) => {
      context.freshen();
      return inferenceOf(record);
    });
  }

  @Authorized('INFERENCE', 'USAGE_READ')
  @Mutation(() => RecordFeedbackResult, {
    description:
      'Rates one’s own inference, or with USAGE_READ any that the key sees. Each call adds a rating; an inference takes 100. Ratings live as long as what they rate.',
  })
  recordFeedback(
    @InputArg(() => RecordFeedbackInput) { input }: With<RecordFeedbackInput>,
    @Ctx() context: GraphqlContext,
  ): Promise<object> {
    return changed(context, context.services.feedback.record(context.caller(), input), toFeedback);
  }
}
