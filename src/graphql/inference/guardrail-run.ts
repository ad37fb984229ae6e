import { Field, Float, ObjectType } from 'type-graphql';
import { declareEnum } from '../declare-enum.js';

const GuardrailStageEnum = declareEnum<'INPUT' | 'OUTPUT'>('GuardrailStage', 'What a guardrail looked at.', {
  INPUT: 'The prompt.',
  OUTPUT: 'The answer.',
});

const GuardrailOutcomeEnum = declareEnum<'PASSED' | 'FLAGGED' | 'REDACTED' | 'BLOCKED' | 'NOT_RUN'>(
  'GuardrailOutcome',
  'What a guardrail came to.',
  {
    PASSED: 'Nothing was found.',
    FLAGGED: 'Something was found, and told.',
    REDACTED: 'Something was found, and masked.',
    BLOCKED: 'Something was found, and stopped.',
    NOT_RUN: 'It could not run.',
  },
);

@ObjectType({ description: 'One look of one guardrail at a prompt or an answer.' })
export class GuardrailRun {
  @Field(() => String, { description: 'Its name.' })
  readonly guardrail!: string;

  @Field(() => GuardrailStageEnum, { description: 'What it looked at.' })
  readonly stage!: string;

  @Field(() => GuardrailOutcomeEnum, { description: 'What it came to.' })
  readonly outcome!: string;

  @Field(() => [String], { description: 'What it found, by its own names.' })
  readonly categories!: readonly string[];

  @Field(() => Float, { description: 'How long it took, in ms.' })
  readonly latencyMs!: number;
}
