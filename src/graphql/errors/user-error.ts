import { Field, InterfaceType } from 'type-graphql';
import type * as core from '../../core/errors.js';
import { ErrorCodeEnum } from './words.js';

@InterfaceType({ description: 'An error that callers can branch on. Which type carries which code is one table, in code and docs.' })
export abstract class UserError {
  constructor(protected readonly error: core.UserError) {}

  @Field(() => ErrorCodeEnum, { description: 'What to branch on.' })
  get code(): string {
    return this.error.code;
  }

  @Field(() => String, { description: 'For people.' })
  get message(): string {
    return this.error.message;
  }
}
