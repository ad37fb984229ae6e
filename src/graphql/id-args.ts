import { ArgsType, Field, ID } from 'type-graphql';

@ArgsType()
export class IdArgs {
  @Field(() => ID, { description: 'Its id. What is not the caller’s is null.' })
  readonly id!: string;
}

@ArgsType()
export class SlugArgs {
  @Field(() => String, { description: 'Its slug.' })
  readonly slug!: string;
}
