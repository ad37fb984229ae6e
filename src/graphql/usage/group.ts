import { Field, ObjectType } from 'type-graphql';
import type * as core from '../../accounting/reports/contract.js';
import { parseId } from '../../core/ids.js';
import type { GraphqlContext } from '../context.js';
import { GraphQLDateTime } from '../scalars/index.js';
import { UsageDimensionEnum } from './words.js';

@ObjectType({ description: 'A stretch of time: from `from` on, and before `to`.' })
export class TimeRange implements core.TimeRange {
  @Field(() => GraphQLDateTime, { description: 'The first instant that counts (UTC).' })
  readonly from!: Date;

  @Field(() => GraphQLDateTime, { description: 'The first instant that does not count any more (UTC).' })
  readonly to!: Date;
}

@ObjectType({ description: 'What the requests of a group have in common.' })
export class DimensionValue {
  constructor(private readonly given: core.DimensionValue) {}

  @Field(() => UsageDimensionEnum, { description: 'In which respect.' })
  get dimension(): string {
    return this.given.dimension;
  }

  @Field(() => String, { nullable: true, description: 'An id, a slug, a number or a text; null for requests that have none.' })
  get value(): string | null {
    return this.given.value;
  }

  @Field(() => String, {
    nullable: true,
    description:
      'For people: the name of the team, key, model or provider; a version with its route, a branch with its experiment; the value itself elsewhere.',
  })
  async label(_args: unknown, context: GraphqlContext): Promise<string | null> {
    const { value } = this.given;
    return value === null ? null : ((await this.name(value, context)) ?? value);
  }

  private async name(value: string, context: GraphqlContext): Promise<string | undefined> {
    switch (this.given.dimension) {
      case 'TEAM': {
        const id = parseId('team', value);
        return id ? (await context.loaders().team.load(id))?.name : undefined;
      }
      case 'API_KEY': {
        const id = parseId('key', value);
        return id ? (await context.loaders().apiKey.load(id))?.name : undefined;
      }
      case 'MODEL':
        return context.snapshot().models.bySlug.get(value)?.name;
      case 'PROVIDER':
        return context.snapshot().providers.bySlug.get(value)?.name;
      case 'ROUTE_VERSION':
        return `${this.given.of} v${value}`;
      case 'EXPERIMENT_BRANCH':
        return `${this.given.of}: ${value}`;
      default:
        return undefined;
    }
  }
}

export function toDimensions(group: core.Group): readonly DimensionValue[] {
  return group.dimensions.map((given) => new DimensionValue(given));
}
