import type { EntityManager } from 'typeorm';
import { idFromUuid, uuidFromId } from '../core/ids.js';
import type { OrganizationId, RouteId } from '../core/ids.js';
import { isJsonObject } from '../core/json.js';
import type { RouteNode, RouteVersion } from '../core/routes.js';
import { Route as RouteRow } from '../storage/entities/route.js';
import { RouteVersion as VersionRow } from '../storage/entities/route-version.js';
import type { StoredRoute } from './stored.js';

/** All routes that this transaction sees, each with its versions, the newest first. */
export async function readRoutes(
  manager: EntityManager,
  where: { readonly organizationId?: string; readonly slug?: string } = {},
): Promise<StoredRoute[]> {
  const rows = await manager.findBy(RouteRow, where);
  const versions = rows.length === 0 ? [] : await manager.find(VersionRow, { order: { version: 'DESC' } });
  return rows.map((row) => ({
    id: idFromUuid('route', row.id),
    organizationId: idFromUuid('organization', row.organizationId),
    createdAt: row.createdAt,
    slug: row.slug,
    currentVersion: row.currentVersion,
    versions: versions.filter(({ routeId }) => routeId === row.id).flatMap(toVersion),
  }));
}

function toVersion({ version, definition, note, publishedAt, publishedBy }: VersionRow): readonly RouteVersion[] {
  return isRouteNode(definition) ? [{ version, definition, note, publishedAt, publishedBy }] : [];
}

/** Definitions are checked when they are published, and nothing else writes them. */
function isRouteNode(definition: unknown): definition is RouteNode {
  return isJsonObject(definition);
}

/** A route with one more version, which is in force from now on. */
export async function saveVersion(
  manager: EntityManager,
  route: { readonly id: RouteId; readonly organizationId: OrganizationId; readonly slug: string; readonly createdAt: Date },
  { definition, ...version }: RouteVersion,
): Promise<void> {
  const [id, organizationId] = [uuidFromId(route.id), uuidFromId(route.organizationId)];
  const row = { id, organizationId, slug: route.slug, currentVersion: version.version, createdAt: route.createdAt };
  await manager.upsert(RouteRow, row, ['id']);
  const added = Object.assign(new VersionRow(), { ...version, routeId: id, organizationId, definition });
  await manager.insert(VersionRow, added);
}
