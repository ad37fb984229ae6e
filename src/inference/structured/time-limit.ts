import { createContext, Script } from 'node:vm';
import type { Context } from 'node:vm';

export const TOO_LONG = Symbol('it took too long');

/**
 * Runs code of ours on others' terms: what runs longer than so many milliseconds is stopped where it stands. Then it has
 * another try, since a machine that is busy with something else looks the same.
 */
export type TimeLimit = <T>(run: () => T, limitMs: number) => T | typeof TOO_LONG;

/**
 * The engine's own watchdog, which also ends a regular expression that backtracks without end: a timer of ours could not,
 * because nothing else runs meanwhile. What is run keeps its own globals; only the way in leads through the context.
 */
export function createTimeLimit(): TimeLimit {
  let script: Script | null = null;
  let context: Context | null = null;
  const once = <T>(run: () => T, limitMs: number): T | typeof TOO_LONG => {
    script ??= new Script('run()');
    context ??= createContext({});
    let result: T | typeof TOO_LONG = TOO_LONG;
    context['run'] = () => {
      result = run();
    };
    try {
      script.runInContext(context, { timeout: limitMs });
    } catch (error) {
      if (!isTimeout(error)) throw error;
      return TOO_LONG;
    } finally {
      context['run'] = undefined;
    }
    return result;
  };
  return (run, limitMs) => {
    const first = once(run, limitMs);
    return first === TOO_LONG ? once(run, limitMs) : first;
  };
}

function isTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}
