import { Args, Authorized, Ctx, Query, Resolver } from 'type-graphql';
import { GatewayError } from '../../core/errors.js';
import type { Result } from '../../core/errors.js';
import type { Forecast } from '../../inference/contract.js';
import type { GraphqlContext } from '../context.js';
import { EstimateOperationCostArgs, operationCallOf } from './operation-call.js';
import { CostEstimate, EstimateCostArgs } from './types.js';

const REFUSED = 'An input that would be refused is an error: BAD_USER_INPUT, or FORBIDDEN where the key may not use the model.';

@Resolver()
export class EstimateResolver {
  @Authorized('INFERENCE')
  @Query(() => CostEstimate, {
    nullable: true,
    description: `What a completion would cost, and who would answer, without asking anybody; leaves no ledger row. ${REFUSED}`,
  })
  estimateCost(@Args(() => EstimateCostArgs) { input }: EstimateCostArgs, @Ctx() context: GraphqlContext): CostEstimate {
    return toEstimate(context.services.completions.estimate(context.caller(), input));
  }

  @Authorized('INFERENCE')
  @Query(() => CostEstimate, {
    nullable: true,
    description: `As \`estimateCost\`, for any other operation; \`maxCost\` is compared with what is \`expected\` here. ${REFUSED}`,
  })
  estimateOperationCost(
    @Args(() => EstimateOperationCostArgs) { input }: EstimateOperationCostArgs,
    @Ctx() context: GraphqlContext,
  ): CostEstimate {
    return toEstimate(context.services.completions.estimateOperation(context.caller(), operationCallOf(input)));
  }
}

function toEstimate(forecast: Result<Forecast>): CostEstimate {
  if (forecast.ok) return new CostEstimate(forecast.value);
  const { code, message } = forecast.error;
  throw new GatewayError(code === 'MODEL_NOT_ALLOWED' ? 'FORBIDDEN' : 'BAD_USER_INPUT', message);
}
