import { Directive, Field, ObjectType } from 'type-graphql';
import type { GraphqlContext } from '../context.js';
import { Inference } from '../inference/inference.js';
import { OperationInference, WHILE_KEPT } from './operation-inference.js';

@ObjectType({ description: 'A recording.' })
export class SpeechAudio {
  @Field(() => String, { description: 'Its kind, as audio/mpeg.' })
  readonly mimeType!: string;

  @Field(() => String, { description: 'Its bytes.' })
  readonly base64!: string;
}

@ObjectType({ implements: Inference, description: 'A text read aloud, with what it took.' })
@Directive('@key(fields: "id")')
export class SpeechSynthesis extends OperationInference {
  @Field(() => SpeechAudio, { nullable: true, description: `The recording. ${WHILE_KEPT} null.` })
  audio(_args: unknown, context: GraphqlContext): Promise<SpeechAudio | null> {
    return this.resultOf('SPEECH', context);
  }

  @Field(() => [String], { description: 'What was left out or changed to suit the provider.' })
  get warnings(): readonly string[] {
    return this.record.warnings;
  }
}
