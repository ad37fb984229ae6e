import { needsOf } from '../core/capabilities.js';
import type { Need } from '../core/capabilities.js';
import type { ApiKeyId, TeamId } from '../core/ids.js';
import { isOperation, operationOf } from '../core/operations.js';
import type { InferenceCall } from '../core/operations.js';
import type { Principal, Tag } from '../core/principal.js';
import type { RoutingPreferences } from '../core/routes.js';
import type { Operation, StickyKey, TaskKind } from '../core/vocabulary.js';

/** What routing may know of a call: who asks, for what, how much. No words of the prompt. */
export interface Facts {
  readonly operation: Operation;
  readonly apiKeyId: ApiKeyId;
  readonly teamId: TeamId | null;
  readonly task: TaskKind | null;
  readonly user: string | null;
  readonly sessionId: string | null;
  /** The key's own, then the call's. */
  readonly tags: readonly Tag[];
  readonly inputTokens: number;
  readonly hasTools: boolean;
  readonly hasImages: boolean;
  /** What it can't be made without. */
  readonly needs: readonly Need[];
  /** The first region that the call asks for. */
  readonly region: string | null;
  readonly preferences: RoutingPreferences | null;
  readonly at: Date;
}

export function factsOf(
  call: InferenceCall,
  given: { readonly principal: Principal; readonly inputTokens: number; readonly at: Date },
): Facts {
  const { principal, inputTokens, at } = given;
  const { task, user, sessionId, routing: preferences } = call;
  return {
    operation: operationOf(call),
    apiKeyId: principal.apiKeyId,
    teamId: principal.teamId,
    task,
    user,
    sessionId,
    inputTokens,
    at,
    preferences,
    tags: principal.tags.length === 0 ? call.tags : joinTags(principal.tags, call.tags),
    hasTools: !isOperation(call) && call.tools.length > 0,
    hasImages: !isOperation(call) && call.messages.some((message) => message.parts.some((part) => part.kind === 'image')),
    needs: needsOf(call),
    region: preferences?.regions?.[0] ?? null,
  };
}

function joinTags(ofKey: readonly Tag[], ofCall: readonly Tag[]): readonly Tag[] {
  return [...ofKey, ...ofCall.filter(({ key }) => !ofKey.some((tag) => tag.key === key))];
}

/** Whose choice is kept, within one key: two keys with the same session id share nothing. Null where the call does not say. */
export function holderOf(facts: Facts, sticky: StickyKey): string | null {
  switch (sticky) {
    case 'SESSION':
      return facts.sessionId === null ? null : `${facts.apiKeyId} s ${facts.sessionId}`;
    case 'USER':
      return facts.user === null ? null : `${facts.apiKeyId} u ${facts.user}`;
    case 'API_KEY':
      return `${facts.apiKeyId} k`;
  }
}
