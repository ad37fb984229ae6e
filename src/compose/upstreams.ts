import type { Config } from '../config.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import { WIRE_FORMAT_ADAPTERS } from '../providers/adapters.js';
import { createUpstreamCaller } from '../providers/caller.js';
import { createUpstreamChecker } from '../providers/checker.js';
import { createHttpClient } from '../providers/client.js';
import { createMediaCaller } from '../providers/media-caller.js';
import { leadsInside } from '../providers/network-guard.js';
import type { UpstreamCaller, UpstreamChecker } from '../providers/contract.js';

interface UpstreamParts {
  readonly config: Pick<Config, 'proxies' | 'mediaFetch'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Addresses that callers name come and go. */
const MOST_MEDIA_ORIGINS = 32;

/** Every wire format, over one client, and another for what callers name, so that it displaces nobody's connections. */
export function composeUpstreams({ config, clock, logger }: UpstreamParts): UpstreamCaller & UpstreamChecker {
  const client = createHttpClient({ proxies: config.proxies });
  const parts = { client, clock, adapters: WIRE_FORMAT_ADAPTERS };
  const caller = createUpstreamCaller({ ...parts, logger });
  const checker = createUpstreamChecker(parts);
  if (config.mediaFetch === 'off') return { ...caller, ...checker };
  const mediaClient = createHttpClient({ proxies: config.proxies, mostOrigins: MOST_MEDIA_ORIGINS });
  const proxied = config.proxies.https === null ? {} : { leadsInside: (hostname: string) => leadsInside(hostname) };
  return { ...createMediaCaller(caller, { client: mediaClient, clock, ...proxied }), ...checker };
}
