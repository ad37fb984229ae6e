import { Authorized, createUnionType, Ctx, Field, ID, Mutation, ObjectType, Resolver } from 'type-graphql';
import { changed } from '../changed.js';
import type { GraphqlContext } from '../context.js';
import { Conflict, InvalidRequest, NotFound } from '../errors/types.js';
import { InputArg, type With } from '../input-arg.js';
import {
  CreateDeploymentInput,
  CreateModelInput,
  CreateProviderInput,
  DeleteDeploymentInput,
  DeleteProviderInput,
  UpdateDeploymentInput,
  UpdateModelInput,
  UpdateProviderInput,
} from './inputs.js';
import { Price } from './price.js';
import { SetPriceInput } from './price-input.js';
import { Deployment, Model, Provider } from './types.js';

@ObjectType({ description: 'It is gone.' })
export class Deleted {
  constructor(private readonly id: string) {}

  @Field(() => ID, { description: 'The id of what was deleted.' })
  get deletedId(): string {
    return this.id;
  }
}

const DeleteResult = createUnionType({
  name: 'DeleteResult',
  description: 'That it is gone, or why not.',
  types: () => [Deleted, NotFound, Conflict] as const,
});

const ProviderResult = createUnionType({
  name: 'ProviderResult',
  description: 'The provider, or why not.',
  types: () => [Provider, InvalidRequest, Conflict, NotFound] as const,
});

const ModelResult = createUnionType({
  name: 'ModelResult',
  description: 'The model, or why not.',
  types: () => [Model, InvalidRequest, Conflict, NotFound] as const,
});

const PriceResult = createUnionType({
  name: 'PriceResult',
  description: 'The price, or why not.',
  types: () => [Price, InvalidRequest, Conflict, NotFound] as const,
});

const DeploymentResult = createUnionType({
  name: 'DeploymentResult',
  description: 'The deployment, or why not.',
  types: () => [Deployment, InvalidRequest, Conflict, NotFound] as const,
});

@Resolver()
export class CatalogueChangesResolver {
  @Authorized('CONFIG_WRITE')
  @Mutation(() => ProviderResult, { description: 'Makes a provider; it can be called once it has a deployment.' })
  createProvider(
    @InputArg(() => CreateProviderInput) { input }: With<CreateProviderInput>,
    @Ctx() context: GraphqlContext,
  ): Promise<object> {
    return changed(context, context.services.catalogueChanges.createProvider(context.actor(), input), (provider) => new Provider(provider));
  }

  @Authorized('CONFIG_WRITE')
  @Mutation(() => ProviderResult, { description: 'Changes a provider.' })
  updateProvider(
    @InputArg(() => UpdateProviderInput) { input }: With<UpdateProviderInput>,
    @Ctx() context: GraphqlContext,
  ): Promise<object> {
    return changed(context, context.services.catalogueChanges.updateProvider(context.actor(), input), (provider) => new Provider(provider));
  }

  @Authorized('CONFIG_WRITE')
  @Mutation(() => DeleteResult, { description: 'Deletes a provider; what the ledger names stays readable there.' })
  deleteProvider(
    @InputArg(() => DeleteProviderInput) { input }: With<DeleteProviderInput>,
    @Ctx() context: GraphqlContext,
  ): Promise<object> {
    return changed(
      context,
      context.services.catalogueChanges.deleteProvider(context.actor(), input.id),
      ({ deletedId }) => new Deleted(deletedId),
    );
  }

  @Authorized('CONFIG_WRITE')
  @Mutation(() => ModelResult, { description: 'Makes a model; it is served once it has a deployment.' })
  createModel(@InputArg(() => CreateModelInput) { input }: With<CreateModelInput>, @Ctx() context: GraphqlContext): Promise<object> {
    return changed(context, context.services.catalogueChanges.createModel(context.actor(), input), (model) => new Model(model));
  }

  @Authorized('CONFIG_WRITE')
  @Mutation(() => ModelResult, { description: 'Changes a model.' })
  updateModel(@InputArg(() => UpdateModelInput) { input }: With<UpdateModelInput>, @Ctx() context: GraphqlContext): Promise<object> {
    return changed(context, context.services.catalogueChanges.updateModel(context.actor(), input), (model) => new Model(model));
  }

  @Authorized('CONFIG_WRITE')
  @Mutation(() => PriceResult, { description: 'Adds a price from an instant on; past prices stay, so past cost can be explained.' })
  setPrice(@InputArg(() => SetPriceInput) { input }: With<SetPriceInput>, @Ctx() context: GraphqlContext): Promise<object> {
    return changed(context, context.services.catalogueChanges.setPrice(context.actor(), input), (price) => new Price(price));
  }

  @Authorized('CONFIG_WRITE')
  @Mutation(() => DeploymentResult, { description: 'Has a provider serve a model.' })
  createDeployment(
    @InputArg(() => CreateDeploymentInput) { input }: With<CreateDeploymentInput>,
    @Ctx() context: GraphqlContext,
  ): Promise<object> {
    return changed(
      context,
      context.services.catalogueChanges.createDeployment(context.actor(), input),
      (deployment) => new Deployment(deployment),
    );
  }

  @Authorized('CONFIG_WRITE')
  @Mutation(() => DeploymentResult, { description: 'Changes a deployment.' })
  updateDeployment(
    @InputArg(() => UpdateDeploymentInput) { input }: With<UpdateDeploymentInput>,
    @Ctx() context: GraphqlContext,
  ): Promise<object> {
    return changed(
      context,
      context.services.catalogueChanges.updateDeployment(context.actor(), input),
      (deployment) => new Deployment(deployment),
    );
  }

  @Authorized('CONFIG_WRITE')
  @Mutation(() => DeleteResult, { description: 'Deletes a deployment; what the ledger names stays readable there.' })
  deleteDeployment(
    @InputArg(() => DeleteDeploymentInput) { input }: With<DeleteDeploymentInput>,
    @Ctx() context: GraphqlContext,
  ): Promise<object> {
    return changed(
      context,
      context.services.catalogueChanges.deleteDeployment(context.actor(), input.id),
      ({ deletedId }) => new Deleted(deletedId),
    );
  }
}
