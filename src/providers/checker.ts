import type { Clock } from '../core/clock.js';
import type { WireFormat } from '../core/vocabulary.js';
import type { HttpClient } from './client.js';
import type { CheckOptions, ProviderTarget, UpstreamChecker, WireFormatAdapter } from './contract.js';
import { cleanDetail } from './detail.js';
import { runExchange } from './exchange.js';
import { plainFailure } from './failures.js';
import { secretsOf, toOutgoing } from './outgoing.js';

export interface CheckerParts {
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly adapters: ReadonlyMap<WireFormat, WireFormatAdapter>;
}

/** Answers that tell of the list of models, and not of how the vendor fares. */
const SAYS_NOTHING: ReadonlySet<number> = new Set([400, 404, 405, 422, 501]);

export function createUpstreamChecker({ client, clock, adapters }: CheckerParts): UpstreamChecker {
  return {
    async check(target, options) {
      const adapter = adapters.get(target.wireFormat);
      const request = adapter?.models?.(target);
      // What is signed by a cloud account has its models listed at another address, if at all.
      if (!adapter?.chat || !request || target.account !== null) return { told: null };
      const outgoing = toOutgoing({ ...request, body: {}, warnings: [] }, target, { stream: false });
      const result = await withinTime(options, clock, (signal) =>
        runExchange(
          { client, clock },
          {
            ...{ ...outgoing, method: 'GET', stream: false, signal, onFrame: () => 'other' },
            timeouts: { connectMs: options.connectMs, firstTokenMs: options.totalMs, idleMs: options.totalMs },
          },
        ),
      );
      switch (result.kind) {
        case 'cancelled':
          return { told: options.signal.aborted ? null : plainFailure('TIMEOUT', `No list of models within ${options.totalMs} ms.`) };
        case 'failed':
          return { told: cleaned(result.failure, target) };
        case 'stream':
          return { told: 'alive' };
        case 'body': {
          const { status } = result.response;
          if (status >= 200 && status < 300) return { told: 'alive' };
          return { told: SAYS_NOTHING.has(status) ? null : cleaned(adapter.chat.toFailure(result.response), target) };
        }
      }
    },
  };
}

function cleaned<Told extends { readonly detail: string }>(failure: Told, target: ProviderTarget): Told {
  return { ...failure, detail: cleanDetail(failure.detail, secretsOf(target)) };
}

async function withinTime<T>({ totalMs, signal }: CheckOptions, clock: Clock, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const cancel = clock.after(totalMs, abort);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await run(controller.signal);
  } finally {
    cancel();
    signal.removeEventListener('abort', abort);
  }
}
