import { Field, InputType, ObjectType } from 'type-graphql';

@ObjectType({ description: 'A label of the caller’s own.' })
export class Tag {
  @Field(() => String, { description: 'What kind of label: `feature`, `customer` …' })
  readonly key!: string;

  @Field(() => String, { description: 'The label.' })
  readonly value!: string;
}

@InputType({ description: 'A label of the caller’s own.' })
export class TagInput {
  @Field(() => String, { description: 'What kind of label: `feature`, `customer` …' })
  readonly key!: string;

  @Field(() => String, { description: 'The label.' })
  readonly value!: string;
}
