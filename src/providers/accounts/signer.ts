import type { Clock } from '../../core/clock.js';
import type { Failure } from '../../core/failures.js';
import type { HttpClient, OutgoingRequest } from '../client.js';
import type { ProviderTarget } from '../contract.js';
import { plainFailure } from '../failures.js';
import { regionOfHost, signAws } from './aws.js';
import { createGoogleTokens } from './google.js';

/** Puts a cloud account's authority into requests. Does not throw for what goes wrong: that is a failure of the call. */
export interface AccountSigner {
  /** The request with the headers that it needs besides its own; as it is, where the signal aborts first. */
  sign(
    request: OutgoingRequest,
    given: { readonly target: ProviderTarget; readonly signal: AbortSignal },
  ): Promise<OutgoingRequest | Failure>;
  /** The upstream refused what was signed: nothing that was kept is used again. */
  forget(target: ProviderTarget): void;
}

const BEDROCK = 'bedrock';

export function createAccountSigner(deps: { readonly client: HttpClient; readonly clock: Clock }): AccountSigner {
  const tokens = createGoogleTokens(deps);
  const headersFor = async (request: OutgoingRequest, target: ProviderTarget): Promise<Headers | Failure> => {
    const account = target.account?.reveal() ?? null;
    if (account === null) return {};
    if (account.kind === 'googleServiceAccount') {
      const token = await tokens.tokenOf(account, target);
      return typeof token === 'string' ? { authorization: `Bearer ${token}` } : token;
    }
    const region = regionOfHost(target.baseUrl) ?? target.region;
    if (region === null) return plainFailure('TARGET_NOT_FOUND', 'A signature needs a region, and the provider has none.');
    return signAws(request, { account, region, service: BEDROCK, at: deps.clock.now() });
  };
  return {
    sign: async (request, { target, signal }) => {
      const headers = await Promise.race([headersFor(request, target), aborted(signal)]);
      return isFailure(headers) ? headers : { ...request, headers: { ...request.headers, ...headers } };
    },
    forget: (target) => {
      const account = target.account?.reveal();
      if (account?.kind === 'googleServiceAccount') tokens.forget(account);
    },
  };
}

type Headers = Readonly<Record<string, string>>;

function aborted(signal: AbortSignal): Promise<Headers> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve({});
    else signal.addEventListener('abort', () => resolve({}), { once: true });
  });
}

export function isFailure(given: Headers | OutgoingRequest | Failure): given is Failure {
  return 'class' in given && 'retryAfterMs' in given;
}
