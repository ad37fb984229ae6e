const MAX_KEPT = 50_000;

/** What nodes are remembered by. */
export interface NodeNames {
  within(scope: string): (node: string) => string;
}

/** Names are made once and kept: a text that is put together anew has to be hashed anew wherever it is looked up. */
export function createNodeNames(): NodeNames {
  const scopes = new Map<string, Map<string, string>>();
  let kept = 0;
  const keep = <V>(map: Map<string, V>, key: string, value: V): V => {
    if ((kept += 1) > MAX_KEPT) {
      scopes.clear();
      kept = 0;
    }
    map.set(key, value);
    return value;
  };
  return {
    within(scope) {
      const names = scopes.get(scope) ?? keep(scopes, scope, new Map<string, string>());
      return (node) => names.get(node) ?? keep(names, node, `${scope} ${node}`);
    },
  };
}
