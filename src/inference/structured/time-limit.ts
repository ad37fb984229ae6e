import { createContext, Script } from 'node:vm';
import type { Context } from 'node:vm';

export const TOO_LONG = Symbol('it took too long');

/** Runs code of ours on others' terms: what runs longer than so many milliseconds is stopped where it stands. */
export type TimeLimit = <T>(run: () => T, limitMs: number) => T | typeof TOO_LONG;

/**
 * The engine's own watchdog, which also ends a regular expression that backtracks without end: a timer of ours could not,
 * because nothing else runs meanwhile. What is run keeps its own globals; only the way in leads through the context.
 */
export function createTimeLimit(): TimeLimit {
  let script: Script | null = null;
  let context: Context | null = null;
  return (run, limitMs) => {
    script ??= new Script('run()');
    context ??= createContext({});
    let result: ReturnType<typeof run> | typeof TOO_LONG = TOO_LONG;
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
}

function isTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}
