import type { Config } from '../config.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import { WIRE_FORMAT_ADAPTERS } from '../providers/adapters.js';
import { createUpstreamCaller } from '../providers/caller.js';
import { createUpstreamChecker } from '../providers/checker.js';
import { createHttpClient } from '../providers/client.js';
import type { UpstreamCaller, UpstreamChecker } from '../providers/contract.js';

interface UpstreamParts {
  readonly config: Pick<Config, 'proxies'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Every wire format, over one client. */
export function composeUpstreams({ config, clock, logger }: UpstreamParts): UpstreamCaller & UpstreamChecker {
  const client = createHttpClient({ proxies: config.proxies });
  const parts = { client, clock, adapters: WIRE_FORMAT_ADAPTERS };
  return { ...createUpstreamCaller({ ...parts, logger }), ...createUpstreamChecker(parts) };
}
