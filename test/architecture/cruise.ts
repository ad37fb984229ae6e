import { execFile } from 'node:child_process';
import path from 'node:path';
import type { Violation } from './source-rules.js';

export const REPOSITORY = path.resolve(import.meta.dirname, '../..');

interface CruiseReport {
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly {
      readonly rule: { readonly name: string };
      readonly from: string;
      readonly to: string;
      /** The way round, for a cycle: each step but the first. */
      readonly cycle?: readonly { readonly name: string }[];
    }[];
    readonly ruleSetUsed: { readonly forbidden: readonly { readonly name: string; readonly comment: string }[] };
  };
}

export interface Cruise {
  readonly modules: number;
  readonly rules: readonly { readonly name: string; readonly comment: string }[];
  readonly violations: readonly Violation[];
}

/** Runs .dependency-cruiser.cjs over a tree laid out like this repository. */
export async function cruise(root: string, places: readonly string[]): Promise<Cruise> {
  const { summary } = await report(root, places);
  const rules = summary.ruleSetUsed.forbidden.map(({ name, comment }) => ({ name, comment }));
  const adrs = new Map(rules.map(({ name, comment }) => [name, comment]));
  const violations = summary.violations.map(({ rule, from, to, cycle }) => ({
    rule: rule.name,
    where: cycle ? [from, ...cycle.map(({ name }) => name)].join(' → ') : from === to ? from : `${from} → ${to}`,
    adr: adrs.get(rule.name) ?? '',
  }));
  return { modules: summary.totalCruised, rules, violations };
}

/** A process of its own: the cruiser loads the compiler, which is slow inside a test's module registry. It exits non-zero on violations. */
function report(root: string, places: readonly string[]): Promise<CruiseReport> {
  const tool = path.join(REPOSITORY, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const rules = path.join(REPOSITORY, '.dependency-cruiser.cjs');
  const args = [tool, '--config', rules, '--output-type', 'json', ...places];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: root, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (stdout.startsWith('{')) resolve(JSON.parse(stdout) as CruiseReport);
      else reject(new Error(stderr || stdout, { cause: error }));
    });
  });
}

/** What a failing test prints: the rule, where, and the page that says why. */
export function told(violations: readonly Violation[]): readonly string[] {
  return violations.map(({ rule, where, adr }) => `${rule}: ${where} (why: ${adr})`);
}
