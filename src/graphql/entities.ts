import type { ApiKeyId, TeamId } from '../core/ids.js';
import { parseId } from '../core/ids.js';
import { GatewayError } from '../core/errors.js';
import { isJsonObject } from '../core/json.js';
import type { Operation } from '../core/vocabulary.js';
import { toApiKey, toTeam, type ApiKey, type Team } from './access/types.js';
import { Organization } from './access/organization.js';
import { Deployment, Model, Provider } from './catalogue/types.js';
import type { GraphqlContext } from './context.js';
import { inferenceOf } from './operations/to-inference.js';
import { authorize, seesModel } from './permissions.js';
import { Route } from './routing/types.js';
import type { RootResolver } from './roots.js';

/** What a router names an entity by: the fields of one of its keys. */
type Reference = Readonly<Record<string, unknown>>;

type ReferenceResolver = (reference: Reference, context: GraphqlContext) => Promise<object | null> | object | null;

/** Each entity under the same permissions as the query that answers it; what is foreign is null. */
const REFERENCE_RESOLVERS: Readonly<Record<string, ReferenceResolver>> = {
  Completion: inferenceReference('COMPLETION'),
  Embedding: inferenceReference('EMBEDDING'),
  ImageGeneration: inferenceReference('IMAGE'),
  SpeechSynthesis: inferenceReference('SPEECH'),
  Transcription: inferenceReference('TRANSCRIPTION'),
  Moderation: inferenceReference('MODERATION'),
  Reranking: inferenceReference('RERANK'),
  Organization: (reference, context) => {
    authorize(context.principal, []);
    const { organization } = context.snapshot();
    return organization.id === text(reference, 'id') ? new Organization(organization) : null;
  },
  Model: (reference, context) => {
    const principal = authorize(context.principal, ['INFERENCE', 'CATALOG_READ']);
    const { byId, bySlug } = context.snapshot().models;
    const id = typeof reference['id'] === 'string' ? parseId('model', reference['id']) : null;
    const model = 'id' in reference ? id && byId.get(id) : bySlug.get(text(reference, 'slug'));
    return model && seesModel(principal, model.slug) ? new Model(model) : null;
  },
  Provider: (reference, context) => {
    authorize(context.principal, ['CATALOG_READ']);
    const id = parseId('provider', text(reference, 'id'));
    const provider = id && context.snapshot().providers.byId.get(id);
    return provider ? new Provider(provider) : null;
  },
  Deployment: (reference, context) => {
    authorize(context.principal, ['CATALOG_READ']);
    const id = parseId('deployment', text(reference, 'id'));
    const deployment = id && context.snapshot().deployments.byId.get(id);
    return deployment ? new Deployment(deployment) : null;
  },
  Route: (reference, context) => {
    authorize(context.principal, ['CATALOG_READ']);
    const id = parseId('route', text(reference, 'id'));
    const route = id && context.snapshot().routes.byId.get(id);
    return route ? new Route(route) : null;
  },
  Team: async (reference, context) => {
    const id = parseId('team', text(reference, 'id'));
    return id && loadTeam(id, context);
  },
  ApiKey: async (reference, context) => {
    const id = parseId('key', text(reference, 'id'));
    return id && loadApiKey(id, context);
  },
};

function inferenceReference(operation: Operation): ReferenceResolver {
  return async (reference, context) => {
    authorize(context.principal, ['INFERENCE', 'USAGE_READ']);
    const record = await context.loaders().record.load(text(reference, 'id'));
    return record?.operation === operation ? inferenceOf(record) : null;
  };
}

/** `_entities(representations)`: each is resolved, or fails, for itself. */
export const resolveEntities: RootResolver = (_source, args, context) => {
  const representations = isJsonObject(args) ? args['representations'] : null;
  if (!Array.isArray(representations)) throw new GatewayError('BAD_USER_INPUT', 'Representations must be a list.');
  return representations.map((representation: unknown) => resolveEntity(representation, context));
};

async function resolveEntity(representation: unknown, context: GraphqlContext): Promise<object | null> {
  if (!isJsonObject(representation)) throw new GatewayError('BAD_USER_INPUT', 'A representation must be an object.');
  const name = text(representation, '__typename');
  const resolve = Object.hasOwn(REFERENCE_RESOLVERS, name) ? REFERENCE_RESOLVERS[name] : undefined;
  if (resolve === undefined) throw new GatewayError('BAD_USER_INPUT', 'A representation names no entity of this subgraph.');
  return resolve(representation, context);
}

async function loadTeam(id: TeamId, context: GraphqlContext): Promise<Team | null> {
  const principal = context.caller();
  if (principal.teamId !== id) authorize(principal, ['KEYS_WRITE', 'USAGE_READ']);
  return principal.teamId === null || principal.teamId === id ? toTeam(await context.loaders().team.load(id)) : null;
}

async function loadApiKey(id: ApiKeyId, context: GraphqlContext): Promise<ApiKey | null> {
  const principal = context.caller();
  if (principal.apiKeyId !== id) authorize(principal, ['KEYS_WRITE']);
  const key = await context.loaders().apiKey.load(id);
  return key && (principal.apiKeyId === id || principal.teamId === null || principal.teamId === key.teamId) ? toApiKey(key) : null;
}

function text(reference: Reference, field: string): string {
  const value = reference[field];
  if (typeof value === 'string') return value;
  throw new GatewayError('BAD_USER_INPUT', `A representation lacks "${field}".`);
}
