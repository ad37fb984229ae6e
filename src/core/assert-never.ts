/** Marks the branch that no member of a closed union reaches; a new member fails to compile here. */
export function assertNever(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
