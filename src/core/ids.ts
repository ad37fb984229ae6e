import { fromString, fromUUID, toUUID } from 'typeid-js';
import { uuidv7 } from 'uuidv7';

/** Every kind of thing that has a public id: the prefix of its TypeID. */
export const ID_PREFIXES = [
  'organization',
  'team',
  'key',
  'provider',
  'model',
  'price',
  'deployment',
  'route',
  'completion',
  'attempt',
  'audit',
  'feedback',
] as const;

export type IdPrefix = (typeof ID_PREFIXES)[number];

/** A TypeID (https://github.com/jetify-com/typeid): prefix, underscore, 26 characters of base 32 for a UUIDv7. */
export type Id<Prefix extends IdPrefix> = `${Prefix}_${string}`;

export type OrganizationId = Id<'organization'>;
export type TeamId = Id<'team'>;
export type ApiKeyId = Id<'key'>;
export type ProviderId = Id<'provider'>;
export type ModelId = Id<'model'>;
export type PriceId = Id<'price'>;
export type DeploymentId = Id<'deployment'>;
export type RouteId = Id<'route'>;
export type CompletionId = Id<'completion'>;
export type AttemptId = Id<'attempt'>;
export type AuditEntryId = Id<'audit'>;
export type FeedbackId = Id<'feedback'>;
/** Operations that join later (embeddings, images …) add their prefix here. */
export type InferenceId = CompletionId;

/** A new, time-ordered id. */
export function newId<Prefix extends IdPrefix>(prefix: Prefix): Id<Prefix> {
  return idFromUuid(prefix, uuidv7());
}

/** The id as the database keeps it: a UUID in its canonical lower-case text form. */
export function uuidFromId(id: Id<IdPrefix>): string {
  return toUUID(fromString(id));
}

/** The public form of a stored UUID. */
export function idFromUuid<Prefix extends IdPrefix>(prefix: Prefix, uuid: string): Id<Prefix> {
  return fromUUID(uuid, prefix).toString() as Id<Prefix>;
}

/** What a caller sent as an id, or null where it can't be one of that kind: a foreign id is absent, never an error. */
export function parseId<Prefix extends IdPrefix>(prefix: Prefix, text: string): Id<Prefix> | null {
  if (!text.startsWith(`${prefix}_`)) return null;
  try {
    fromString(text, prefix);
    return text as Id<Prefix>;
  } catch {
    return null;
  }
}
