import { Args, Authorized, Ctx, Query, Resolver } from 'type-graphql';
import type * as core from '../../core/catalogue.js';
import { declareConnection, PageArgs, pageOf, parsePage, toConnection, type Connection } from '../connection.js';
import type { GraphqlContext } from '../context.js';
import { SlugArgs } from '../id-args.js';
import { seesModel } from '../permissions.js';
import { DeploymentsArgs, matchesDeployment, matchesModel, ModelsArgs } from './filters.js';
import { Deployment, Model, Provider } from './types.js';

const ModelConnection = declareConnection('Model', 'models', () => Model);
const ProviderConnection = declareConnection('Provider', 'providers', () => Provider);
const DeploymentConnection = declareConnection('Deployment', 'deployments', () => Deployment);

const bySlug = ({ slug }: { readonly slug: string }) => slug;

const MODELS = { list: 'models', position: bySlug, toNode: (model: core.Model) => new Model(model) };
const PROVIDERS = { list: 'providers', position: bySlug, toNode: (provider: core.Provider) => new Provider(provider) };
const DEPLOYMENTS = { list: 'deployments', position: bySlug, toNode: (deployment: core.Deployment) => new Deployment(deployment) };

/** All of it is answered from the snapshot in memory. */
@Resolver()
export class CatalogueResolver {
  @Authorized('INFERENCE', 'CATALOG_READ')
  @Query(() => ModelConnection, { nullable: true, description: 'Models by slug; without CATALOG_READ those the key may use.' })
  models(@Args(() => ModelsArgs) args: ModelsArgs, @Ctx() context: GraphqlContext): Connection<Model> {
    const { filter } = args;
    const page = parsePage(MODELS.list, args);
    const models = context.snapshot().models.all.filter((model) => seesModel(context.caller(), model.slug));
    return toConnection(pageOf(filter ? models.filter((model) => matchesModel(model, filter)) : models, page), MODELS);
  }

  @Authorized('INFERENCE', 'CATALOG_READ')
  @Query(() => Model, { nullable: true, description: 'One model; null where there is none that the key may see.' })
  model(@Args(() => SlugArgs) { slug }: SlugArgs, @Ctx() context: GraphqlContext): Model | null {
    const model = context.snapshot().models.bySlug.get(slug);
    return model && seesModel(context.caller(), slug) ? new Model(model) : null;
  }

  @Authorized('CATALOG_READ')
  @Query(() => ProviderConnection, { nullable: true, description: 'Providers by slug.' })
  providers(@Args(() => PageArgs) args: PageArgs, @Ctx() context: GraphqlContext): Connection<Provider> {
    return toConnection(pageOf(context.snapshot().providers.all, parsePage(PROVIDERS.list, args)), PROVIDERS);
  }

  @Authorized('CATALOG_READ')
  @Query(() => Provider, { nullable: true, description: 'One provider; null where there is none.' })
  provider(@Args(() => SlugArgs) { slug }: SlugArgs, @Ctx() context: GraphqlContext): Provider | null {
    const provider = context.snapshot().providers.bySlug.get(slug);
    return provider ? new Provider(provider) : null;
  }

  @Authorized('CATALOG_READ')
  @Query(() => DeploymentConnection, { nullable: true, description: 'Deployments by slug.' })
  deployments(@Args(() => DeploymentsArgs) args: DeploymentsArgs, @Ctx() context: GraphqlContext): Connection<Deployment> {
    const { filter } = args;
    const page = parsePage(DEPLOYMENTS.list, args);
    const { all } = context.snapshot().deployments;
    const wanted = filter ? all.filter((one) => matchesDeployment(one, filter, () => context.services.health.health(one).state)) : all;
    return toConnection(pageOf(wanted, page), DEPLOYMENTS);
  }
}
