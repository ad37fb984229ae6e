/**
 * The `code` of an error: a SQLSTATE of pg's, also where TypeORM wrapped it, or a system's such as ECONNREFUSED.
 * By shape and not by class, because an error may come from another realm.
 */
export function errorCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'driverError' in error ? errorCode(error.driverError) : null;
}
