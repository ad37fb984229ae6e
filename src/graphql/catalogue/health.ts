import { Field, Float, Int, ObjectType } from 'type-graphql';
import type { HealthState } from '../../core/vocabulary.js';
import { GraphQLDateTime } from '../scalars/index.js';
import type { DeploymentHealthReading } from './health-reader.js';
import { HealthStateEnum } from './words.js';

@ObjectType({ description: 'How a deployment fares, as this replica sees it.' })
export class DeploymentHealth implements DeploymentHealthReading {
  @Field(() => HealthStateEnum, { description: 'Whether it can be called.' })
  readonly state!: HealthState;

  @Field(() => String, { nullable: true, description: 'Why it is in this state; null where it is healthy.' })
  readonly reason!: string | null;

  @Field(() => GraphQLDateTime, { description: 'Since when it is in this state (UTC).' })
  readonly since!: Date;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'Until when it is left out (UTC); null where that is open.' })
  readonly until!: Date | null;

  @Field(() => Int, { description: 'Calls running now.' })
  readonly inFlight!: number;

  @Field(() => Float, { description: 'The share of recent attempts that failed, from 0 to 1.' })
  readonly errorRate!: number;

  @Field(() => Int, { description: 'How many attempts failed in the last minute, the caller’s own mistakes aside.' })
  readonly failures!: number;

  @Field(() => Float, { nullable: true, description: 'Median time to the first token, in ms; null without recent attempts.' })
  readonly firstTokenMsP50!: number | null;

  @Field(() => Float, { nullable: true, description: 'Median time of a call, in ms; null without recent attempts.' })
  readonly latencyMsP50!: number | null;

  @Field(() => Float, { nullable: true, description: '95th percentile of the time of a call, in ms; null without recent attempts.' })
  readonly latencyMsP95!: number | null;

  @Field(() => Float, { nullable: true, description: 'Answer tokens per second of recent attempts; null without any.' })
  readonly tokensPerSecond!: number | null;
}
