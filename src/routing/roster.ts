import type { Deployment } from '../core/catalogue.js';
import type { RoutePlan } from './contract.js';
import { legsOf } from './walk-state.js';
import type { Found, Leg, WalkedLeg } from './walk-state.js';

/** Targets in an order that may still have to be worked out. */
export type Ordered = Pick<Found, 'head' | 'order'>;

export function only(head: WalkedLeg): Ordered {
  return { head, order: null };
}

export function ordered(legs: readonly WalkedLeg[]): Ordered {
  return { head: legs[0] ?? null, order: () => legs };
}

/** Who is asked first, and the others behind: each deployment once, put in order when somebody asks for them. */
export interface Roster {
  readonly first: WalkedLeg | null;
  readonly legs: readonly WalkedLeg[];
}

export function createRoster(all: Ordered): Roster {
  return new LazyRoster(all);
}

class LazyRoster implements Roster {
  private once: readonly WalkedLeg[] | null = null;

  constructor(private readonly all: Ordered) {}

  get first(): WalkedLeg | null {
    return this.all.head;
  }

  get legs(): readonly WalkedLeg[] {
    return (this.once ??= eachOnce(legsOf(this.all)));
  }
}

function eachOnce(legs: readonly WalkedLeg[]): readonly WalkedLeg[] {
  const seen = new Set<Deployment>();
  return legs.filter(({ deployment }) => !seen.has(deployment) && seen.add(deployment));
}

/** A target of a plan that says nothing of it: the defaults hold. */
export function legByDefault(deployment: Deployment): Leg {
  return { deployment, way: { terms: {}, groups: [], sticky: [], experiment: null }, turns: [] };
}

/** The leg that leads to a deployment. */
export function legOf(plan: Pick<RoutePlan, 'first' | 'legs'>, deployment: Deployment): Leg {
  const { first } = plan;
  // To take the others out beside it would be to put them in order.
  if (first?.deployment.id === deployment.id) return first;
  return plan.legs?.find((leg) => leg.deployment.id === deployment.id) ?? legByDefault(deployment);
}

/** Everything about a plan but who learns what came of it. */
export interface Planned {
  readonly roster: Roster;
  readonly terms: Required<Pick<RoutePlan, 'record' | 'hedge' | 'isForced' | 'isLenient' | 'warnings'>>;
}

/** A plan whose targets behind the first are only put in order for a call that needs them. */
export function createPlan(planned: Planned, remember: NonNullable<RoutePlan['remember']>): RoutePlan {
  return new RosterPlan(planned, remember);
}

class RosterPlan implements RoutePlan {
  readonly record: RoutePlan['record'];
  readonly hedge: Planned['terms']['hedge'];
  readonly isForced: boolean;
  readonly isLenient: boolean;
  readonly warnings: readonly string[];
  private readonly roster: Roster;

  constructor(
    { roster, terms }: Planned,
    readonly remember: NonNullable<RoutePlan['remember']>,
  ) {
    this.roster = roster;
    this.record = terms.record;
    this.hedge = terms.hedge;
    this.isForced = terms.isForced;
    this.isLenient = terms.isLenient;
    this.warnings = terms.warnings;
  }

  get first(): Leg | null {
    return this.roster.first;
  }

  get legs(): readonly Leg[] {
    return this.roster.legs;
  }

  get targets(): readonly Deployment[] {
    return this.roster.legs.map(({ deployment }) => deployment);
  }
}
