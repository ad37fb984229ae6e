import { ArgsType, Field, InputType } from 'type-graphql';
import { isServing, type Deployment, type Model } from '../../core/catalogue.js';
import type { Capability, HealthState, Operation } from '../../core/vocabulary.js';
import { PageArgs } from '../connection.js';
import { OperationEnum } from '../inference/words.js';
import { CapabilityEnum, HealthStateEnum } from './words.js';

const OPTIONAL = { nullable: true } as const;

@InputType({
  description:
    'All that is given must hold; an empty list matches nothing (but of no `capabilities` all can do all), null is no condition.',
})
export class ModelFilter {
  @Field(() => String, { ...OPTIONAL, description: 'A part of the slug or the name, in any case.' })
  readonly search?: string | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Made by any of these.' })
  readonly vendors?: readonly string[] | null;

  @Field(() => [OperationEnum], { ...OPTIONAL, description: 'Can be asked for any of these.' })
  readonly operations?: readonly Operation[] | null;

  @Field(() => [CapabilityEnum], { ...OPTIONAL, description: 'Can do all of these.' })
  readonly capabilities?: readonly Capability[] | null;

  @Field(() => Boolean, { ...OPTIONAL, description: 'Has a deployment that is enabled, at a provider that is; false: has none.' })
  readonly served?: boolean | null;
}

@InputType({
  description: 'All that is given must hold; within one, any of its values: an empty list matches nothing, null is no condition.',
})
export class DeploymentFilter {
  @Field(() => [String], { ...OPTIONAL, description: 'Slugs of models.' })
  readonly models?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Slugs of providers.' })
  readonly providers?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Regions: the deployment’s own, else its provider’s.' })
  readonly regions?: readonly string[] | null;

  @Field(() => [HealthStateEnum], { ...OPTIONAL, description: 'States of health.' })
  readonly states?: readonly HealthState[] | null;
}

@ArgsType()
export class ModelsArgs extends PageArgs {
  @Field(() => ModelFilter, { ...OPTIONAL, description: 'Which models.' })
  readonly filter?: ModelFilter | null;
}

@ArgsType()
export class DeploymentsArgs extends PageArgs {
  @Field(() => DeploymentFilter, { ...OPTIONAL, description: 'Which deployments.' })
  readonly filter?: DeploymentFilter | null;
}

export function matchesModel(model: Model, filter: ModelFilter): boolean {
  const search = filter.search?.toLowerCase() ?? '';
  return (
    (model.slug.includes(search) || model.name.toLowerCase().includes(search)) &&
    anyOf(filter.vendors, [model.vendor]) &&
    anyOf(filter.operations, model.operations) &&
    (filter.capabilities ?? []).every((capability) => model.capabilities.has(capability)) &&
    (filter.served == null || filter.served === model.deployments.some(isServing))
  );
}

export function matchesDeployment(deployment: Deployment, filter: DeploymentFilter, state: () => HealthState): boolean {
  return (
    anyOf(filter.models, [deployment.model.slug]) &&
    anyOf(filter.providers, [deployment.provider.slug]) &&
    anyOf(filter.regions, [deployment.region ?? deployment.provider.region]) &&
    (filter.states == null || filter.states.includes(state()))
  );
}

function anyOf<Value>(wanted: readonly Value[] | null | undefined, has: readonly (Value | null)[]): boolean {
  return wanted == null || wanted.some((value) => has.includes(value));
}
