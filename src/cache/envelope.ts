import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { InferenceId, OrganizationId } from '../core/ids.js';
import type { Cipher } from '../storage/cipher.js';
import { fromText, toText } from './plain-form.js';

export const CONTENT_PURPOSE = 'glidepath completion content';

export type ContentKind = 'EVENTS' | 'PAYLOAD';

/** Whose words they are: an envelope opens for nobody else's completion, and for no other kind. */
export interface ContentOwner {
  readonly organizationId: OrganizationId;
  readonly id: InferenceId;
  readonly kind: ContentKind;
}

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Compressed before it is sealed: afterwards nothing would be left to gain. Both run off the main thread where they are long. */
export async function sealContent(cipher: Cipher, owner: ContentOwner, value: unknown): Promise<Buffer> {
  return cipher.seal(await deflate(toText(value)), bindingOf(owner));
}

/** @throws Error where the envelope was changed, belongs to something else, or was sealed under another master key. */
export async function openContent(cipher: Cipher, owner: ContentOwner, envelope: Buffer): Promise<unknown> {
  const text = await inflate(cipher.openBytes(envelope, bindingOf(owner)));
  return fromText(text.toString('utf8'));
}

function bindingOf({ organizationId, id, kind }: ContentOwner): readonly string[] {
  return [organizationId, id, kind];
}
