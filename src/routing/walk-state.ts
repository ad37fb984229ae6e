import type { Deployment } from '../core/catalogue.js';
import type { DeploymentId } from '../core/ids.js';
import type { ExperimentSide, RoutingRecord } from '../core/inference.js';
import type { StickyKey } from '../core/vocabulary.js';
import type { Group, TargetTerms } from './compile.js';
import type { Block } from './evidence.js';
import type { Facts } from './facts.js';
import type { Look, Sight } from './sight.js';
import type { SmoothTurns } from './smooth.js';

/** The way that leads to a target: all targets of one node share it. */
export interface Way {
  readonly terms: TargetTerms;
  /** The groups it goes through, the outermost first. */
  readonly groups: readonly Group[];
  /** Nodes on it whose choice is kept for the holder once it has succeeded. */
  readonly sticky: readonly StickyNode[];
  /** Of the outermost experiment on it. */
  readonly experiment: ExperimentSide | null;
}

/** One target of a plan, with the way that led to it. */
export interface Leg {
  readonly deployment: Deployment;
  readonly way: Way;
  /** Nodes that took a turn to choose it. */
  readonly turns: readonly string[];
}

/** A leg while the walk goes on. */
export interface WalkedLeg extends Leg {
  readonly look: Look;
  turns: readonly string[];
}

export interface StickyNode {
  readonly node: string;
  readonly key: StickyKey;
  readonly branch: string | null;
}

export type Step = RoutingRecord['steps'][number];

/** What the walk of a tree came to. */
export interface Walk {
  readonly found: Found;
  /** Open or cooling: not tried, unless the route says so. */
  readonly cooling: readonly { readonly leg: WalkedLeg; readonly block: Block }[];
  readonly triesSoonest: boolean;
  readonly hasExperiment: boolean;
  /** Too small by the estimate of the prompt; their time comes where all are. */
  readonly tooSmall: readonly WalkedLeg[];
  readonly warnings: readonly string[];
}

export interface WalkContext {
  readonly facts: Facts;
  readonly sight: Sight;
  readonly seed: string;
  readonly smooth: SmoothTurns;
}

export interface State extends WalkContext {
  readonly cooling: Walk['cooling'][number][];
  readonly tooSmall: WalkedLeg[];
  readonly warnings: string[];
  triesSoonest: boolean;
  /** Some way leads through an experiment. */
  hasExperiment: boolean;
}

/** Where in the walk a node is met. */
export interface Place extends Way {
  /** Names of the routes that led here, so that none is entered twice. */
  readonly routes: readonly string[];
  /** Whom a sticky node around this one is bound to. */
  readonly preferred: DeploymentId | null;
}

/**
 * What a node came to. Only whom it would try first is decided at once: the others are put in order when somebody asks, which a
 * call that its first target answers never does. What that order goes by has been seen and drawn by then, so it can't change.
 */
export interface Found {
  /** Null: nobody can be used. */
  readonly head: WalkedLeg | null;
  /** All of its targets as they are tried, the head first; one that several nodes name stands there as often. Null: only the head. */
  readonly order: (() => readonly WalkedLeg[]) | null;
  readonly steps: Steps;
}

/** Steps, with those of inner nodes as lists within: laid flat once, when the walk is over. */
export type Steps = readonly (Step | Steps)[];

export function flatSteps(steps: Steps, flat: Step[] = []): readonly Step[] {
  for (const one of steps) {
    if ('path' in one) flat.push(one);
    else flatSteps(one, flat);
  }
  return flat;
}

export function legsOf({ head, order }: Pick<Found, 'head' | 'order'>): readonly WalkedLeg[] {
  return order !== null ? order() : head === null ? [] : [head];
}

/** The targets of several nodes, one after the other. */
export function legsOfAll(all: readonly Found[]): readonly WalkedLeg[] {
  const legs: WalkedLeg[] = [];
  for (const found of all) {
    if (found.order === null) {
      if (found.head !== null) legs.push(found.head);
    } else for (const leg of found.order()) legs.push(leg);
  }
  return legs;
}

export function nobody(steps: Steps): Found {
  return { head: null, order: null, steps };
}

export const NO_STEPS: Steps = [];
