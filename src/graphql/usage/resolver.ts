import { Args, Authorized, Ctx, Query, Resolver } from 'type-graphql';
import type { GraphqlContext } from '../context.js';
import { CostReport, toCostReport } from './cost-report.js';
import { CostsArgs, UsageArgs } from './inputs.js';
import { toUsageReport, UsageReport } from './usage-report.js';

@Resolver()
export class UsageResolver {
  @Authorized('USAGE_READ')
  @Query(() => UsageReport, { nullable: true, description: 'Requests, tokens, cost and latency, by groups; a team’s key sees its team’s.' })
  async usage(@Args(() => UsageArgs) args: UsageArgs, @Ctx() context: GraphqlContext): Promise<UsageReport> {
    return toUsageReport(await context.services.reports.usage(context.caller(), args));
  }

  @Authorized('USAGE_READ')
  @Query(() => CostReport, { nullable: true, description: 'What it cost and what for, by groups; a team’s key sees its team’s.' })
  async costs(@Args(() => CostsArgs) args: CostsArgs, @Ctx() context: GraphqlContext): Promise<CostReport> {
    return toCostReport(await context.services.reports.costs(context.caller(), args));
  }
}
