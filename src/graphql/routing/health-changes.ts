import type { DeploymentId } from '../../core/ids.js';
import { Deployment } from '../catalogue/types.js';
import type { GraphqlContext } from '../context.js';

/** Deployments of the caller's organization as their health changes; each waits once, so that a slow reader costs bounded memory. */
export function healthChanges(context: GraphqlContext): AsyncIterableIterator<Deployment> {
  const waiting = new Set<DeploymentId>();
  let wake: () => void = () => undefined;
  let over = false;
  const stop = context.services.health.onChange((id) => {
    waiting.add(id);
    wake();
  });
  const end = () => {
    over = true;
    stop();
    context.signal.removeEventListener('abort', end);
    wake();
  };
  context.signal.addEventListener('abort', end, { once: true });
  if (context.signal.aborted) end();
  const next = async (): Promise<IteratorResult<Deployment, undefined>> => {
    const value = over ? null : nextOf(waiting, context);
    if (value) return { done: false, value };
    if (over) return { done: true, value: undefined };
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
    return next();
  };
  return {
    next,
    return() {
      end();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** The next one that waits and is the caller's organization's. */
function nextOf(waiting: Set<DeploymentId>, context: GraphqlContext): Deployment | null {
  context.freshen();
  for (const id of waiting) {
    waiting.delete(id);
    const deployment = context.snapshot().deployments.byId.get(id);
    if (deployment) return new Deployment(deployment);
  }
  return null;
}
