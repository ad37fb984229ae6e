import type { CatalogueSnapshot, Deployment } from '../core/catalogue.js';
import type { DecisionInputs } from '../core/inference.js';
import type { StickyKey } from '../core/vocabulary.js';
import type { CompiledNode } from './compile.js';
import { DEFAULT_WEIGHT, NO_STANDING } from './evidence.js';
import type { Block, Evidence, Exclusion, Pin, Reading } from './evidence.js';

/** What one decision has seen of one deployment so far; what was not asked has its default. */
export interface Look {
  readonly deployment: Deployment;
  readonly exclusion: Exclusion | null;
  readonly block: Block | null;
  /** Of those who are excluded nothing is known. */
  readonly reading: Reading;
  weight: number;
  cost: number | null;
  hedgeAfterMs: number | null;
  /** What a balance compared last. */
  score: number | null;
  /** It stands in the plan. */
  planned: boolean;
}

/**
 * What one decision sees of the world, and its note of that:
 * 1. Evidence is asked once about each deployment: within one decision nobody may fare differently from one node to the next.
 * 2. All about a deployment stands in one look, which is at once the note. So nothing is kept twice, nothing is looked up
 *    by a text, and to explain a decision is to go through its looks.
 */
export interface Sight {
  /** In the order in which they were first looked at. */
  readonly looks: ReadonlyMap<Deployment, Look>;
  readonly models: Record<string, DecisionInputs['models'][string]>;
  readonly turns: Record<string, number>;
  readonly pins: Record<string, Pin>;
  readonly routes: Record<string, number>;
  deployment(slug: string): Deployment | null;
  deploymentsOf(model: string): readonly Deployment[] | null;
  route(slug: string): CompiledNode | null;
  look(deployment: Deployment): Look;
  weight(look: Look): number;
  cost(look: Look): number | null;
  slowAfter(look: Look, percentile: number): number | null;
  turn(node: string): number;
  pin(node: string, key: StickyKey): Pin | null;
}

export function createSight(evidence: Evidence, snapshot: CatalogueSnapshot): Sight {
  return new NotingSight(evidence, snapshot);
}

/** A class, because there is one for every call: closures of its own for each would take longer than many a question. */
class NotingSight implements Sight {
  readonly looks = new Map<Deployment, Look>();
  readonly models: Sight['models'] = {};
  readonly turns: Sight['turns'] = {};
  readonly pins: Sight['pins'] = {};
  readonly routes: Sight['routes'] = {};

  constructor(
    private readonly evidence: Evidence,
    private readonly snapshot: CatalogueSnapshot,
  ) {}

  deployment(slug: string): Deployment | null {
    return this.evidence.deployment(slug);
  }

  deploymentsOf(model: string): readonly Deployment[] | null {
    const deployments = this.evidence.deploymentsOf(model);
    if (deployments) this.models[model] = deployments.map(({ id }) => id);
    return deployments;
  }

  route(slug: string): CompiledNode | null {
    const node = this.evidence.route(slug);
    const version = this.snapshot.routes.bySlug.get(slug)?.current.version;
    if (version !== undefined) this.routes[slug] = version;
    return node;
  }

  look(deployment: Deployment): Look {
    const earlier = this.looks.get(deployment);
    if (earlier) return earlier;
    const exclusion = this.evidence.exclusion(deployment);
    const { block, reading } = exclusion === null ? this.evidence.standing(deployment) : NO_STANDING;
    const look: Look = {
      deployment,
      exclusion,
      block,
      reading,
      weight: DEFAULT_WEIGHT,
      cost: null,
      hedgeAfterMs: null,
      score: null,
      planned: false,
    };
    this.looks.set(deployment, look);
    return look;
  }

  weight(look: Look): number {
    return (look.weight = this.evidence.weight(look.deployment));
  }

  cost(look: Look): number | null {
    return (look.cost = this.evidence.cost(look.deployment));
  }

  slowAfter(look: Look, percentile: number): number | null {
    return (look.hedgeAfterMs = this.evidence.slowAfter(look.deployment, percentile));
  }

  turn(node: string): number {
    return (this.turns[node] = this.evidence.turn(node));
  }

  pin(node: string, key: StickyKey): Pin | null {
    const pin = this.evidence.pin(node, key);
    if (pin) this.pins[node] = pin;
    return pin;
  }
}
