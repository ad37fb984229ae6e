import { ERROR_CATALOGUE, type UserError as CoreError } from '../../core/errors.js';
import { assertNever } from '../../core/assert-never.js';
import type { Inference } from '../inference/inference.js';
import { Cancelled, Conflict, GatewayFailed, InvalidRequest, ModelUnavailable, NotFound, ProvidersFailed } from './types.js';
import type { UserError } from './user-error.js';

/** The one way from an error as a value to the type of the contract that the catalogue names for its code. */
export function toUserError(error: CoreError, inference: Inference | null): UserError {
  const { type } = ERROR_CATALOGUE[error.code];
  switch (type) {
    case 'InvalidRequest':
      return new InvalidRequest(error, inference);
    case 'ModelUnavailable':
      return new ModelUnavailable(error, inference);
    case 'ProvidersFailed':
      return new ProvidersFailed(error, inference);
    case 'Cancelled':
      return new Cancelled(error, inference);
    case 'GatewayFailed':
      return new GatewayFailed(error, inference);
    case 'Conflict':
      return new Conflict(error);
    case 'NotFound':
      return new NotFound(error);
    case 'RateLimited':
    case 'BudgetExceeded':
    case 'ContentBlocked':
      throw new Error(`${error.code} has no type in the schema yet`);
    default:
      return assertNever(type);
  }
}
