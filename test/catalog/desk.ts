import type { CatalogueChanges, CreateProviderInput, PriceInput } from '../../src/catalog/contract.js';
import type { Actor } from '../../src/core/actor.js';
import type { CatalogueSnapshot, Deployment, Model, Provider } from '../../src/core/catalogue.js';
import type { Result } from '../../src/core/errors.js';
import { actorOf, dump, openReplica, openWorld, start, valueOf } from './world.js';
import type { World } from './world.js';

export const BASE = { wireFormat: 'OPENAI_CHAT', baseUrl: 'https://upstream.test/v1' } as const;
export const INPUT = { component: 'INPUT', amount: '1' } as const;

type Rate = PriceInput['tiers'][number]['rates'][number];

export function tiersOf(...rates: Rate[]): PriceInput {
  return { tiers: [{ rates }] };
}

/** Where an administrator of a seeded installation changes things. */
export interface Desk {
  readonly world: World;
  readonly replica: Awaited<ReturnType<typeof openReplica>>;
  readonly changes: CatalogueChanges;
  readonly admin: Actor;
  snapshot(): CatalogueSnapshot;
  /** One that nothing else has. */
  slug(kind: string): string;
  createProvider(input?: Partial<CreateProviderInput>): Promise<Result<Provider>>;
  provider(input?: Partial<CreateProviderInput>): Promise<Provider>;
  model(): Promise<Model>;
  deployment(): Promise<Deployment>;
  /** Whether the database is as before once `run` is done. */
  leavesNothing(run: () => Promise<unknown>): Promise<boolean>;
}

export async function openDesk(): Promise<Desk> {
  const world = await openWorld();
  const { organizationId } = await start(world);
  const replica = await openReplica(world);
  const { changes, catalogue } = replica;
  const admin = actorOf(organizationId);
  let count = 0;
  const slug = (kind: string) => `${kind}-${(count += 1)}`;
  const createProvider = (input: Partial<CreateProviderInput> = {}) =>
    changes.createProvider(admin, { ...BASE, slug: slug('provider'), ...input });
  const provider = async (input: Partial<CreateProviderInput> = {}) => valueOf(await createProvider(input));
  const model = async () => valueOf(await changes.createModel(admin, { slug: slug('model'), vendor: 'vendor' }));
  return {
    world,
    replica,
    changes,
    admin,
    snapshot: () => catalogue.snapshot(organizationId),
    slug,
    createProvider,
    provider,
    model,
    deployment: async () =>
      valueOf(await changes.createDeployment(admin, { provider: (await provider()).slug, model: (await model()).slug })),
    leavesNothing: async (run) => {
      const before = await dump(world);
      await run();
      return (await dump(world)) === before;
    },
  };
}
