import type { CatalogueSnapshot } from '../core/catalogue.js';
import type { Random } from '../core/clock.js';
import { fail, ok, userError } from '../core/errors.js';
import type { Result, UserError } from '../core/errors.js';
import type { ExclusionKind, RoutingRecord } from '../core/inference.js';
import { compileModel } from './compile.js';
import type { CompiledNode, CompiledRoutes } from './compile.js';
import type { Hedge } from './contract.js';
import { allCooling } from './cooling.js';
import { walk } from './decide.js';
import type { Evidence } from './evidence.js';
import { deploymentsAt } from './exclude.js';
import { createRoster, only, ordered } from './roster.js';
import type { Ordered, Planned, Roster } from './roster.js';
import { candidatesOf, inputsOf } from './explain.js';
import type { Facts } from './facts.js';
import { createSight } from './sight.js';
import type { Sight } from './sight.js';
import type { SmoothTurns } from './smooth.js';
import { flatSteps, legsOf } from './walk-state.js';
import type { Step, Walk, WalkedLeg } from './walk-state.js';

/** What a caller's `model` stands for: a route's tree, a model, or a provider's. */
export interface Named {
  readonly tree: CompiledNode;
  readonly route: string | null;
  readonly routeVersion: number | null;
}

/** A route's slug; a model's slug; or, with a slash, a provider's slug and then a model's slug or an `upstreamModel` there. */
export function named(model: string, snapshot: CatalogueSnapshot, routes: CompiledRoutes): Named | null {
  const route = snapshot.routes.bySlug.get(model);
  if (route) return { tree: routes.get(route.current.definition), route: model, routeVersion: route.current.version };
  const known = snapshot.models.bySlug.has(model) || deploymentsAt(model, snapshot) !== null;
  return known ? { tree: compileModel(model), route: null, routeVersion: null } : null;
}

export interface Deciding extends Named {
  readonly model: string;
  readonly snapshot: CatalogueSnapshot;
  readonly facts: Facts;
  readonly evidence: Evidence;
  readonly seed: string;
  readonly smooth: SmoothTurns;
}

export interface Decision {
  readonly plan: Result<Planned>;
  readonly record: RoutingRecord;
}

/** Decides who answers. A pure function: the same facts, evidence and seed decide the same again. */
export function decide(deciding: Deciding): Decision {
  const { tree, snapshot, facts, seed, smooth, route, routeVersion } = deciding;
  const sight = createSight(deciding.evidence, snapshot);
  const walked = walk(tree, { facts, sight, seed, smooth });
  const isLenient = walked.triesSoonest || isPlain(deciding);
  const soonest = walked.found.head === null && isLenient ? soonestOf(walked) : null;
  const roster = createRoster(soonest ? only(soonest) : arranged(walked, facts));
  const { hedge, step } = hedgeFor(roster, deciding, sight);
  const steps = flatSteps(step ? [walked.found.steps, step] : walked.found.steps);
  const record: RoutingRecord = {
    ...{ route, routeVersion, seed, steps },
    candidates: candidatesOf(sight, { chosen: roster.first?.deployment ?? null, legs: walked.hasExperiment ? roster.legs : [] }),
    inputs: inputsOf(sight, deciding),
  };
  if (roster.first === null) return { plan: fail(whyNobody(deciding, walked, sight)), record };
  const terms = { record, hedge, isForced: soonest !== null, isLenient, warnings: walked.warnings };
  return { plan: ok({ roster, terms }), record };
}

/** Who joins the first target where that is slow: the next one of the innermost group that says so. */
function hedgeFor(
  roster: Roster,
  { snapshot, model }: Deciding,
  sight: Sight,
): { readonly hedge: Hedge | null; readonly step: Step | null } {
  const { first } = roster;
  const group = first?.way.groups.findLast(({ hedge }) => hedge !== null);
  const to = group && roster.legs.find((leg) => leg !== first && leg.way.groups.includes(group));
  if (!first || !group?.hedge || !to) return { hedge: null, step: null };
  const { path, afterPercentile, maxExtraLoad } = group.hedge;
  const afterMs = sight.slowAfter(first.look, afterPercentile);
  const { slug } = first.deployment;
  const step = { path, kind: 'HEDGE' };
  if (afterMs === null) return { hedge: null, step: { ...step, outcome: 'none', reason: `${slug} has answered too little of late` } };
  const reason = `slower than the ${afterPercentile}th percentile of ${slug}`;
  const hedge = { to: to.deployment.id, afterMs, node: `${snapshot.organizationId} ${model} ${path}`, maxExtraLoad };
  return { hedge, step: { ...step, outcome: `${to.deployment.slug} after ${Math.round(afterMs)} ms`, reason } };
}

/** A model named without a route: nobody chose what happens when all of its deployments cool, and trying beats refusing. */
function isPlain({ route, tree }: Named): boolean {
  return route === null && tree.kind === 'model';
}

/** What the call prefers, applied to what the tree allows. */
function arranged({ found, cooling, tooSmall }: Walk, { preferences, inputTokens }: Facts): Ordered {
  const usable = found.head !== null || cooling.length > 0 ? found : ordered(largestOf(tooSmall, inputTokens));
  const maxMs = preferences?.maxFirstTokenMs ?? null;
  const all = maxMs === null ? usable : ordered(slowLast(legsOf(usable), ({ look }) => (look.reading.firstTokenMs ?? 0) > maxMs));
  return preferences?.disableFallbacks && all.head ? only(all.head) : all;
}

function slowLast(legs: readonly WalkedLeg[], isSlow: (leg: WalkedLeg) => boolean): readonly WalkedLeg[] {
  return [...legs.filter((leg) => !isSlow(leg)), ...legs.filter(isSlow)];
}

/** Fewer than eight bytes a token are usual: what an estimate finds too long by that much does not fit. */
const SURELY_TOO_LONG = 2;

/** An estimate may be wrong: where every window seems too small, the largest is tried, unless it is so by far. */
function largestOf(legs: readonly WalkedLeg[], inputTokens: number): readonly WalkedLeg[] {
  const sorted = [...legs].sort((left, right) => windowOf(right) - windowOf(left));
  return sorted.filter(
    (leg, index) => inputTokens <= windowOf(leg) * SURELY_TOO_LONG && windowOf(leg) === windowOf(sorted[0] ?? leg) && index < 3,
  );
}

function windowOf({ deployment }: WalkedLeg): number {
  return deployment.model.contextWindow ?? Infinity;
}

function soonestOf({ cooling }: Walk): WalkedLeg | null {
  const [first] = [...cooling].sort((left, right) => left.block.untilMs - right.block.untilMs);
  return first?.leg ?? null;
}

function whyNobody({ model, facts }: Deciding, { cooling }: Walk, { looks }: Sight): UserError {
  if (cooling.length > 0) {
    const blocks = cooling.map(({ block }) => block);
    return allCooling(blocks, facts.at.getTime());
  }
  const exclusions = [...looks.values()].flatMap(({ exclusion }) => exclusion ?? []);
  const is = (wanted: ExclusionKind) => exclusions.some(({ kind }) => kind === wanted);
  const incapable = exclusions.find(({ kind }) => kind === 'incapable');
  if (is('too-small')) return userError('CONTEXT_LENGTH_EXCEEDED');
  if (incapable) return userError('CAPABILITY_NOT_SUPPORTED', { model, message: `No target can take this call: ${incapable.reason}.` });
  if (is('preference')) return userError('MODEL_NOT_FOUND', { model, message: 'No deployment fits what the call asks of its routing.' });
  return userError(is('not-allowed') ? 'MODEL_NOT_ALLOWED' : 'MODEL_NOT_FOUND', { model });
}

const BYTES_AS_HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** 64 random bits: unique per call for all that matters. */
export function newSeed(random: Random): string {
  return wordAsHex(random() * 2 ** 32) + wordAsHex(random() * 2 ** 32);
}

function wordAsHex(word: number): string {
  const hex = (shift: number) => BYTES_AS_HEX[(word >>> shift) & 0xff] ?? '';
  return hex(24) + hex(16) + hex(8) + hex(0);
}
