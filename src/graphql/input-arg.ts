import { Args, ArgsType, Field, type ClassType } from 'type-graphql';

/** The arguments of a mutation that takes one input. */
export interface With<Input> {
  readonly input: Input;
}

/** Declares the argument `input: <Type>!` on the parameter that takes the arguments. */
export function InputArg<Input extends object>(type: () => ClassType<Input>): ReturnType<typeof Args> {
  @ArgsType()
  class OneInput implements With<Input> {
    @Field(type, { description: 'What is asked for.' })
    readonly input!: Input;
  }
  return Args(() => OneInput);
}
