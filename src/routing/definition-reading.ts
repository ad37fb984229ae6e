import type { CatalogueSnapshot } from '../core/catalogue.js';
import type { InputProblem } from '../core/errors.js';
import type { InputChecks } from '../core/input-checks.js';
import type { RouteNode } from '../core/routes.js';
import type { ConditionCompiler } from './conditions.js';

export interface DefinitionQuestion {
  /** The route it is for; empty: for none yet. */
  readonly slug: string;
  /** As it arrived: shapes are GraphQL's, sense is not checked yet. */
  readonly definition: unknown;
  readonly snapshot: CatalogueSnapshot;
}

export type CheckedDefinition = { readonly definition: RouteNode } | { readonly problems: readonly InputProblem[] };

export interface Reading extends Omit<DefinitionQuestion, 'definition'> {
  readonly checks: InputChecks;
  readonly conditions: ConditionCompiler;
  nodes: number;
}
