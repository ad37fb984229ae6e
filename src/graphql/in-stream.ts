import { OperationTypeNode } from 'graphql';
import type { GraphQLResolveInfo } from 'graphql';
import { GatewayError } from '../core/errors.js';

/**
 * What an event of a stream says in place of a relation that the database holds, while that is away: the words go on, and an
 * error beside them would end the stream in many a client. A query is told, since it can be asked again.
 */
export async function orInStream<Value, Instead>(
  read: Promise<Value>,
  instead: Instead,
  { operation }: GraphQLResolveInfo,
): Promise<Value | Instead> {
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION) return read;
  return read.catch((error: unknown) => {
    if (error instanceof GatewayError && error.code === 'SERVICE_UNAVAILABLE') return instead;
    throw error;
  });
}
