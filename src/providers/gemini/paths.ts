import type { ProviderTarget } from '../contract.js';

/** Below the base URL, where the vendor has its models. */
export function modelPath({ upstreamModel }: ProviderTarget, method: string): string {
  const name = upstreamModel.replace(/^models\//, '');
  return `/models/${name.split('/').map(encodeURIComponent).join('/')}:${method}`;
}

/** None where an account signs the request. */
export function keyHeaders({ apiKey }: ProviderTarget): Readonly<Record<string, string>> {
  return apiKey === null ? {} : { 'x-goog-api-key': apiKey.reveal() };
}
