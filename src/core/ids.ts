import { getRandomValues } from 'node:crypto';
import { V7Generator } from 'uuidv7';
import { isSuffix, suffixOfBytes, suffixOfUuid, uuidOfSuffix } from './typeid.js';
import type { Operation } from './vocabulary.js';

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
  'embedding',
  'image',
  'speech',
  'transcription',
  'moderation',
  'reranking',
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
export type AttemptId = Id<'attempt'>;
export type AuditEntryId = Id<'audit'>;
export type FeedbackId = Id<'feedback'>;

/** Each operation's inferences have a prefix of their own. */
export const INFERENCE_PREFIXES = {
  COMPLETION: 'completion',
  EMBEDDING: 'embedding',
  IMAGE: 'image',
  SPEECH: 'speech',
  TRANSCRIPTION: 'transcription',
  MODERATION: 'moderation',
  RERANK: 'reranking',
} as const satisfies Record<Operation, IdPrefix>;
export type InferenceId = Id<(typeof INFERENCE_PREFIXES)[Operation]>;

/** Random words are drawn from the system a page at a time: one by one they cost more than all else about an id. */
const randomWords = new Uint32Array(1024);
let wordsLeft = 0;

const generator = new V7Generator({
  nextUint32() {
    if (wordsLeft === 0) {
      getRandomValues(randomWords);
      wordsLeft = randomWords.length;
    }
    wordsLeft -= 1;
    return randomWords[wordsLeft] ?? 0;
  },
});

/** A new, time-ordered id. */
export function newId<Prefix extends IdPrefix>(prefix: Prefix): Id<Prefix> {
  return `${prefix}_${suffixOfBytes(generator.generate().bytes)}`;
}

/** A new, time-ordered UUID in its canonical text form. */
export function newUuid(): string {
  return generator.generate().toString();
}

/** The id as the database keeps it: a UUID in its canonical lower-case text form. */
export function uuidFromId(id: Id<IdPrefix>): string {
  return uuidOfSuffix(id.slice(id.indexOf('_') + 1));
}

/** The public form of a stored UUID. */
export function idFromUuid<Prefix extends IdPrefix>(prefix: Prefix, uuid: string): Id<Prefix> {
  return `${prefix}_${suffixOfUuid(uuid)}`;
}

/** What a caller sent as an id, or null where it can't be one of that kind: a foreign id is absent, never an error. */
export function parseId<Prefix extends IdPrefix>(prefix: Prefix, text: string): Id<Prefix> | null {
  if (!text.startsWith(`${prefix}_`)) return null;
  const suffix = text.slice(prefix.length + 1);
  return isSuffix(suffix) ? `${prefix}_${suffix}` : null;
}

export function newInferenceId(operation: Operation): InferenceId {
  return newId(INFERENCE_PREFIXES[operation]);
}

/** The public form of a stored inference's UUID. */
export function inferenceIdFrom(operation: Operation, uuid: string): InferenceId {
  return idFromUuid(INFERENCE_PREFIXES[operation], uuid);
}

/** What a caller sent as the id of an inference of any operation; null where it can't be one. */
export function parseInferenceId(text: string): InferenceId | null {
  for (const prefix of Object.values(INFERENCE_PREFIXES)) {
    const id = parseId(prefix, text);
    if (id !== null) return id;
  }
  return null;
}
