import { ArgsType, Directive, Field, InputType } from 'type-graphql';
import type { OperationRequest } from '../../inference/contract.js';
import {
  EmbedInput,
  GenerateImageInput,
  ModerateInput,
  RerankInput,
  SynthesizeSpeechInput,
  TranscribeInput,
} from '../operations/inputs.js';

const OPTIONAL = { nullable: true } as const;

@InputType({ description: 'A call of an operation beside completions, as its mutation would be asked.' })
@Directive('@oneOf')
export class OperationCallInput {
  @Field(() => EmbedInput, { ...OPTIONAL, description: 'What to embed.' })
  readonly embed?: EmbedInput | null;

  @Field(() => GenerateImageInput, { ...OPTIONAL, description: 'What to show.' })
  readonly generateImage?: GenerateImageInput | null;

  @Field(() => SynthesizeSpeechInput, { ...OPTIONAL, description: 'What to say.' })
  readonly synthesizeSpeech?: SynthesizeSpeechInput | null;

  @Field(() => TranscribeInput, { ...OPTIONAL, description: 'What to write down.' })
  readonly transcribe?: TranscribeInput | null;

  @Field(() => ModerateInput, { ...OPTIONAL, description: 'What to look through.' })
  readonly moderate?: ModerateInput | null;

  @Field(() => RerankInput, { ...OPTIONAL, description: 'What to put in order.' })
  readonly rerank?: RerankInput | null;
}

@ArgsType()
export class EstimateOperationCostArgs {
  @Field(() => OperationCallInput, { description: 'The call.' })
  readonly input!: OperationCallInput;
}

const OPERATIONS = {
  embed: 'EMBEDDING',
  generateImage: 'IMAGE',
  synthesizeSpeech: 'SPEECH',
  transcribe: 'TRANSCRIPTION',
  moderate: 'MODERATION',
  rerank: 'RERANK',
} as const satisfies Record<keyof OperationCallInput, OperationRequest['operation']>;

const FIELDS = [
  'embed',
  'generateImage',
  'synthesizeSpeech',
  'transcribe',
  'moderate',
  'rerank',
] as const satisfies (keyof OperationCallInput)[];

/** Of the one call that is given. */
export function operationCallOf(call: OperationCallInput): Pick<OperationRequest, 'operation' | 'input'> {
  for (const field of FIELDS) {
    const input = call[field];
    if (input) return { operation: OPERATIONS[field], input };
  }
  throw new TypeError('of a oneOf input one field is given');
}
