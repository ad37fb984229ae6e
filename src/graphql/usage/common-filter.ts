import { Field, ID, InputType } from 'type-graphql';
import type * as core from '../../accounting/reports/contract.js';
import type { ErrorCode, InferenceStatus, Operation } from '../../core/vocabulary.js';
import { ErrorCodeEnum } from '../errors/words.js';
import { InferenceStatusEnum, OperationEnum } from '../inference/words.js';
import { TagInput } from '../tag.js';

const OPTIONAL = { nullable: true } as const;

/** What every filter of the books has; no type of its own. */
@InputType()
export abstract class CommonFilter implements core.CommonFilter {
  @Field(() => [ID], { ...OPTIONAL, description: 'Ids of teams.' })
  readonly teams?: readonly string[] | null;

  @Field(() => [ID], { ...OPTIONAL, description: 'Ids of API keys.' })
  readonly apiKeys?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'The caller’s own ids of persons or accounts.' })
  readonly users?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'The caller’s own ids of conversations.' })
  readonly sessions?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Slugs of the models that answered.' })
  readonly models?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Slugs of the providers that answered.' })
  readonly providers?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Slugs of the deployments that answered.' })
  readonly deployments?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Slugs of the routes that callers named.' })
  readonly routes?: readonly string[] | null;

  @Field(() => [OperationEnum], { ...OPTIONAL, description: 'What was asked for.' })
  readonly operations?: readonly Operation[] | null;

  @Field(() => [InferenceStatusEnum], { ...OPTIONAL, description: 'How it ended.' })
  readonly statuses?: readonly InferenceStatus[] | null;

  @Field(() => [ErrorCodeEnum], { ...OPTIONAL, description: 'Why it was refused, failed or cancelled.' })
  readonly errorCodes?: readonly ErrorCode[] | null;

  @Field(() => [TagInput], { ...OPTIONAL, description: 'Labels: any of these.' })
  readonly tags?: readonly TagInput[] | null;
}
