/**
 * Maps an iterator's values and hands `return()` on at once. An async generator could not: its `return()` waits behind a
 * pending `next()`, and the upstream would stay open for as long as the provider is silent.
 */
export function mapIterator<From, To>(source: AsyncIterableIterator<From>, map: (value: From) => To): AsyncIterableIterator<To> {
  const mapped = (result: IteratorResult<From, unknown>): IteratorResult<To, undefined> =>
    result.done === true ? { done: true, value: undefined } : { done: false, value: map(result.value) };
  return {
    next: async () => mapped(await source.next()),
    async return() {
      await source.return?.();
      return { done: true, value: undefined };
    },
    async throw(error: unknown) {
      await source.return?.();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
