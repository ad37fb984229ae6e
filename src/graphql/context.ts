import type { FeedbackBook, Reports } from '../accounting/reports/contract.js';
import type { AccessChanges, AccessReader } from '../auth/contract.js';
import type { Catalogue, CatalogueChanges } from '../catalog/contract.js';
import type { Actor } from '../core/actor.js';
import type { CatalogueSnapshot } from '../core/catalogue.js';
import type { Clock } from '../core/clock.js';
import { GatewayError } from '../core/errors.js';
import type { Principal } from '../core/principal.js';
import type { Completions } from '../inference/contract.js';
import type { RouteReplays } from '../inference/replays.js';
import type { DeploymentHealthReader } from './catalogue/health-reader.js';
import { createLoaders, type Loaders } from './loaders.js';

/** What the resolvers ask; made once by the composition root. */
export interface GraphqlServices {
  readonly completions: Completions;
  readonly catalogue: Catalogue;
  readonly catalogueChanges: CatalogueChanges;
  readonly access: AccessReader;
  readonly accessChanges: AccessChanges;
  readonly reports: Reports;
  readonly feedback: FeedbackBook;
  readonly routeReplays: RouteReplays;
  readonly health: DeploymentHealthReader;
  readonly clock: Clock;
}

/** Who asks, under which request id, and until when: `signal` aborts when the reader is gone. */
export interface Caller {
  readonly principal: Principal | null;
  readonly requestId: string;
  readonly signal: AbortSignal;
  /** Whether the last message had to wait for its reader. Absent where there is but one message. */
  readonly isBehind?: (() => boolean) | undefined;
  /** Told how many ms a refusal asks to wait, where there is a header to say it in. */
  readonly onRefusal?: ((retryAfterMs: number) => void) | undefined;
}

/** One operation's surroundings. */
export interface GraphqlContext extends Caller {
  readonly services: GraphqlServices;
  /** Throws UNAUTHENTICATED where nobody asks. */
  caller(): Principal;
  actor(): Actor;
  /** The configuration this operation works on, the same for all its fields. */
  snapshot(): CatalogueSnapshot;
  loaders(): Loaders;
  /** Forgets what was read: after a change, and before each event of a subscription. */
  freshen(): void;
}

export function createGraphqlContext(services: GraphqlServices, asked: Caller): GraphqlContext {
  const { principal, requestId, signal, isBehind, onRefusal } = asked;
  let snapshot: CatalogueSnapshot | null = null;
  let loaders: Loaders | null = null;
  const caller = () => {
    if (principal === null) throw unauthenticated();
    return principal;
  };
  return {
    principal,
    requestId,
    signal,
    isBehind,
    onRefusal,
    services,
    caller,
    actor: () => ({ principal: caller(), requestId }),
    snapshot: () => (snapshot ??= services.catalogue.snapshot(caller().organizationId)),
    loaders: () => (loaders ??= createLoaders(services, caller())),
    freshen() {
      snapshot = null;
      loaders = null;
    },
  };
}

export function unauthenticated(): GatewayError {
  return new GatewayError('UNAUTHENTICATED', 'An API key is needed: send it as "Authorization: Bearer <key>".');
}
