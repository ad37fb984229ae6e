import { Args, Authorized, Ctx, Query, Resolver } from 'type-graphql';
import { GatewayError } from '../../core/errors.js';
import type { GraphqlContext } from '../context.js';
import { CostEstimate, EstimateCostArgs } from './types.js';

@Resolver()
export class EstimateResolver {
  @Authorized('INFERENCE')
  @Query(() => CostEstimate, {
    nullable: true,
    description:
      'What a completion would cost, and who would answer, without asking anybody; leaves no ledger row. An input that would be ' +
      'refused is an error: BAD_USER_INPUT, or FORBIDDEN where the key may not use the model.',
  })
  estimateCost(@Args(() => EstimateCostArgs) { input }: EstimateCostArgs, @Ctx() context: GraphqlContext): CostEstimate {
    const forecast = context.services.completions.estimate(context.caller(), input);
    if (forecast.ok) return new CostEstimate(forecast.value);
    const { code, message } = forecast.error;
    throw new GatewayError(code === 'MODEL_NOT_ALLOWED' ? 'FORBIDDEN' : 'BAD_USER_INPUT', message);
  }
}
