import { Field, ID, Int, ObjectType } from 'type-graphql';
import type * as core from '../../core/errors.js';
import { Inference } from '../inference/inference.js';
import { UserError } from './user-error.js';

const INFERENCE = { nullable: true, description: 'The row that tells of it; null where none was written.' };
const RETRY_AFTER = { nullable: true, description: 'How long to wait before trying again, in ms; null where unknown.' };

@ObjectType({ description: 'Where an input is wrong, and how.' })
export class InputProblem implements core.InputProblem {
  @Field(() => String, { description: 'As in the input: messages.2.parts.0.image.url' })
  readonly path!: string;

  @Field(() => String, { description: 'What is wrong there, for people.' })
  readonly message!: string;
}

@ObjectType({ implements: UserError, description: 'The input is wrong. INVALID_REQUEST, IDEMPOTENCY_MISMATCH.' })
export class InvalidRequest extends UserError {
  constructor(
    error: core.UserError,
    private readonly row: Inference | null,
  ) {
    super(error);
  }

  @Field(() => [InputProblem], { description: 'Every problem that was found; empty where the provider found it.' })
  get problems(): readonly InputProblem[] {
    return this.error.problems ?? [];
  }

  @Field(() => Inference, INFERENCE)
  get inference(): Inference | null {
    return this.row;
  }
}

@ObjectType({
  implements: UserError,
  description: 'The model can’t be used for this. MODEL_NOT_FOUND, MODEL_NOT_ALLOWED, UNPRICED_MODEL.',
})
export class ModelUnavailable extends UserError {
  constructor(
    error: core.UserError,
    private readonly row: Inference | null,
  ) {
    super(error);
  }

  @Field(() => String, { description: 'The model as the caller wrote it.' })
  get model(): string {
    return this.error.model ?? this.row?.requestedModel ?? '';
  }

  @Field(() => Inference, INFERENCE)
  get inference(): Inference | null {
    return this.row;
  }
}

@ObjectType({
  implements: UserError,
  description:
    'No target could answer; routing.attempts of the inference tells what each said. The PROVIDER codes, CONTEXT_LENGTH_EXCEEDED, ALL_TARGETS_COOLING.',
})
export class ProvidersFailed extends UserError {
  constructor(
    error: core.UserError,
    private readonly row: Inference | null,
  ) {
    super(error);
  }

  @Field(() => Int, RETRY_AFTER)
  get retryAfterMs(): number | null {
    return this.error.retryAfterMs ?? null;
  }

  @Field(() => Inference, INFERENCE)
  get inference(): Inference | null {
    return this.row;
  }
}

@ObjectType({ implements: UserError, description: 'It was cancelled, or its last reader left. CANCELLED.' })
export class Cancelled extends UserError {
  constructor(
    error: core.UserError,
    private readonly row: Inference | null,
  ) {
    super(error);
  }

  @Field(() => Inference, INFERENCE)
  get inference(): Inference | null {
    return this.row;
  }
}

@ObjectType({ implements: UserError, description: 'The gateway itself: INTERRUPTED (it stopped or crashed), DEADLINE_EXCEEDED.' })
export class GatewayFailed extends UserError {
  constructor(
    error: core.UserError,
    private readonly row: Inference | null,
  ) {
    super(error);
  }

  @Field(() => Int, RETRY_AFTER)
  get retryAfterMs(): number | null {
    return this.error.retryAfterMs ?? null;
  }

  @Field(() => Inference, INFERENCE)
  get inference(): Inference | null {
    return this.row;
  }
}

@ObjectType({ implements: UserError, description: 'In conflict with what exists. CONFLICT.' })
export class Conflict extends UserError {
  @Field(() => String, { nullable: true, description: 'The field of the input that is in conflict, where it is one.' })
  get field(): string | null {
    return this.error.field ?? null;
  }
}

@ObjectType({ implements: UserError, description: 'There is no such thing, or it is not yours. NOT_FOUND.' })
export class NotFound extends UserError {
  @Field(() => ID, { nullable: true, description: 'The id that was asked for.' })
  get targetId(): string | null {
    return this.error.targetId ?? null;
  }
}
