import { Directive, Field, Float, ObjectType } from 'type-graphql';
import type * as core from '../../core/operations.js';
import type { GraphqlContext } from '../context.js';
import { Inference } from '../inference/inference.js';
import { OperationInference, WHILE_KEPT } from './operation-inference.js';

@ObjectType({ description: 'A stretch of a recording, and what is said in it.' })
export class TranscriptSegment implements core.TranscriptSegment {
  @Field(() => Float, { description: 'Where it begins, in seconds.' })
  readonly startSeconds!: number;

  @Field(() => Float, { description: 'Where it ends, in seconds.' })
  readonly endSeconds!: number;

  @Field(() => String, { description: 'What is said.' })
  readonly text!: string;
}

@ObjectType({ implements: Inference, description: 'What is said in a recording, with what it took to tell.' })
@Directive('@key(fields: "id")')
export class Transcription extends OperationInference {
  @Field(() => String, { nullable: true, description: `What is said. ${WHILE_KEPT} null.` })
  async text(_args: unknown, context: GraphqlContext): Promise<string | null> {
    return (await this.resultOf('TRANSCRIPTION', context))?.text ?? null;
  }

  @Field(() => String, { nullable: true, description: 'The language, in the provider’s word for it, where it tells.' })
  async language(_args: unknown, context: GraphqlContext): Promise<string | null> {
    return (await this.resultOf('TRANSCRIPTION', context))?.language ?? null;
  }

  @Field(() => Float, { nullable: true, description: 'How long the recording is, in seconds, where the provider tells.' })
  async durationSeconds(_args: unknown, context: GraphqlContext): Promise<number | null> {
    return (await this.resultOf('TRANSCRIPTION', context))?.durationSeconds ?? null;
  }

  @Field(() => [TranscriptSegment], { description: 'Where what is said, if `timestamps` were asked for; else empty.' })
  async segments(_args: unknown, context: GraphqlContext): Promise<readonly TranscriptSegment[]> {
    return (await this.resultOf('TRANSCRIPTION', context))?.segments ?? [];
  }

  @Field(() => [String], { description: 'What was left out or changed to suit the provider.' })
  get warnings(): readonly string[] {
    return this.record.warnings;
  }
}
