import { conflict, fail, invalidRequest, notFound, ok } from '../core/errors.js';
import type { Result } from '../core/errors.js';
import { newId } from '../core/ids.js';
import type { RouteId } from '../core/ids.js';
import { createInputChecks } from '../core/input-checks.js';
import { isJsonObject } from '../core/json.js';
import type { JsonObject } from '../core/json.js';
import type { Actor } from '../core/actor.js';
import type { RouteNode, RouteVersion } from '../core/routes.js';
import { inForce, reader } from './change-context.js';
import type { ChangeSettings, Step } from './change-context.js';
import type { CatalogueChanges, PublishRouteInput } from './contract.js';
import type { StoredRoute } from './stored.js';

const MAX_NOTE_LENGTH = 1_000;

export function createRouteChanges(settings: ChangeSettings): Pick<CatalogueChanges, 'publishRoute' | 'rollbackRoute'> {
  return {
    publishRoute: (actor, input) =>
      inForce(settings, actor, {
        run: async (step) => {
          const checked = check(settings, actor, input);
          if (!checked.ok) return checked;
          if (await step.transaction.model({ slug: input.slug })) return fail(slugOfModel(input.slug));
          const before = await step.transaction.route(input.slug);
          const inForceNow = before?.currentVersion ?? 0;
          if (input.expectedVersion != null && input.expectedVersion !== inForceNow)
            return fail(conflict(before ? `Version ${inForceNow} is in force.` : 'The route is not published yet.', 'expectedVersion'));
          const draft = { definition: checked.value, note: input.note ?? null };
          return ok(await publish(step, { actor, slug: input.slug, before, draft, action: 'publishRoute' }));
        },
        read: reader(settings, actor).route,
      }),

    rollbackRoute: (actor, { slug, version }) =>
      inForce(settings, actor, {
        run: async (step) => {
          const before = await step.transaction.route(slug);
          if (!before) return fail(notFound('route'));
          const wanted = before.versions.find((one) => one.version === version);
          if (!wanted) return fail(notFound('version of this route'));
          // What it names may be gone since; a definition goes into force only while it passes the checks.
          const checked = check(settings, actor, { slug, definition: wanted.definition });
          if (!checked.ok) return checked;
          const draft = { definition: checked.value, note: `Back to version ${version}.` };
          return ok(await publish(step, { actor, slug, before, draft, action: 'rollbackRoute' }));
        },
        read: reader(settings, actor).route,
      }),
  };
}

function check({ catalogue, checkRoute }: ChangeSettings, actor: Actor, { slug, definition, note }: PublishRouteInput): Result<RouteNode> {
  const checks = createInputChecks();
  checks.slug('slug', slug);
  if (note != null) checks.text('note', note, MAX_NOTE_LENGTH);
  const snapshot = catalogue.snapshot(actor.principal.organizationId);
  if (snapshot.models.bySlug.has(slug)) checks.add('slug', 'is the slug of a model: both share one name space');
  const checked = checkRoute({ slug, definition, snapshot });
  const problems = [...checks.problems, ...('problems' in checked ? checked.problems : [])];
  return problems.length === 0 && 'definition' in checked ? ok(checked.definition) : fail(invalidRequest(problems));
}

function slugOfModel(slug: string) {
  return invalidRequest([{ path: 'slug', message: `is the slug of the model ${slug}: both share one name space` }]);
}

interface Publication {
  readonly actor: Actor;
  readonly slug: string;
  readonly before: StoredRoute | null;
  readonly draft: Pick<RouteVersion, 'definition' | 'note'>;
  readonly action: string;
}

async function publish({ transaction, at }: Step, { actor, slug, before, draft, action }: Publication): Promise<RouteId> {
  const { organizationId, apiKeyId } = actor.principal;
  const route = before ?? { id: newId('route'), organizationId, slug, createdAt: at };
  const version: RouteVersion = { ...draft, version: (before?.versions[0]?.version ?? 0) + 1, publishedAt: at, publishedBy: apiKeyId };
  await transaction.saveRouteVersion(route, version);
  const earlier = before?.versions.find((one) => one.version === before.currentVersion);
  const target = { kind: 'route', id: route.id } as const;
  await transaction.audit({ action, target, before: earlier ? describe(slug, earlier) : null, after: describe(slug, version) });
  return route.id;
}

function describe(slug: string, { version, definition, note }: RouteVersion): JsonObject {
  return { slug, version, note, definition: asJson(definition) };
}

function asJson(definition: RouteNode): JsonObject {
  const plain: unknown = JSON.parse(JSON.stringify(definition));
  return isJsonObject(plain) ? plain : {};
}
