import { Field, Float, ID, ObjectType } from 'type-graphql';
import { GraphQLDateTime } from '../scalars/index.js';

@ObjectType({ description: 'How good an inference was, as somebody said.' })
export class Feedback {
  @Field(() => ID, { description: 'Opaque, global, time-ordered.' })
  readonly id!: string;

  @Field(() => Float, { description: 'From -1 (bad) to 1 (good).' })
  readonly value!: number;

  @Field(() => Float, { description: 'How much it counts in averages: 0 to 1.' })
  readonly weight!: number;

  @Field(() => String, { nullable: true, description: 'What was rated, or by what means, in the caller’s own words.' })
  readonly label!: string | null;

  @Field(() => String, { nullable: true, description: 'In words, for people.' })
  readonly comment!: string | null;

  @Field(() => GraphQLDateTime, { description: 'When it was said (UTC).' })
  readonly createdAt!: Date;
}

/** As a member of a union: the class tells which. */
export function toFeedback(feedback: Feedback): Feedback {
  return Object.assign(new Feedback(), feedback);
}
