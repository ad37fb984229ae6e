import { ArgsType, Directive, Field, Float, InputType, Int } from 'type-graphql';
import type { AllOpenPolicy, BalanceStrategy, FailureClass, LatencyMeasure, StickyKey } from '../../core/vocabulary.js';
import type { RawCompletionInput } from '../../inference/contract.js';
import { CompletionInput } from '../inference/completion-input.js';
import { FailureClassEnum } from '../inference/words.js';
import { AllOpenPolicyEnum, BalanceStrategyEnum, LatencyMeasureEnum, StickyKeyEnum } from './words.js';

const OPTIONAL = { nullable: true } as const;

@InputType({
  description: 'A deployment’s slug; or a model’s slug, for a balance over every deployment of it; or another route’s. Exactly one.',
})
export class TargetNodeInput {
  @Field(() => String, { ...OPTIONAL, description: 'A deployment.' })
  readonly deployment?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'A model: its deployments by their weight.' })
  readonly model?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'Another route: as its version in force decides.' })
  readonly route?: string | null;

  @Field(() => Int, { ...OPTIONAL, description: 'How often it is asked at most, for one call: 1 to 10; 3 where none is given.' })
  readonly maxAttempts?: number | null;

  @Field(() => Int, { ...OPTIONAL, description: 'Until the first token of a stream, in ms; then it is a TIMEOUT.' })
  readonly firstTokenTimeoutMs?: number | null;

  @Field(() => Int, { ...OPTIONAL, description: 'Between two events of a stream, in ms; then it is a TIMEOUT.' })
  readonly idleTimeoutMs?: number | null;

  @Field(() => Int, { ...OPTIONAL, description: 'One attempt’s whole time, in ms, streamed or not; then it is a TIMEOUT.' })
  readonly timeoutMs?: number | null;
}

@InputType({
  description:
    'A second target is asked too, where the first is slower than it usually is and nothing has come of it: who answers first is taken, ' +
    'and the other is ended and billed as a cancelled call. The second is the next of this node’s targets.',
})
export class HedgeInput {
  @Field(() => Int, {
    ...OPTIONAL,
    defaultValue: 95,
    description:
      'After the time that this percentile of the first target’s answers took in the last minute (to the first token, where streamed): ' +
      '50 to 99. With fewer than ten answers nothing is hedged.',
  })
  readonly afterPercentile?: number | null;

  @Field(() => Float, {
    ...OPTIONAL,
    defaultValue: 0.05,
    description: 'How many second calls there may be at most, as a share of the first ones: 0.001 to 0.5.',
  })
  readonly maxExtraLoad?: number | null;
}

const HEDGE = { nullable: true, description: 'Whether a second target joins a slow first one.' } as const;

@InputType({ description: 'Tries the nodes in order; moves on for the listed classes (by default all that another target could cure).' })
export class FallbackNodeInput {
  @Field(() => [RouteNodeInput], { description: 'In the order they are tried.' })
  readonly nodes!: readonly RouteNodeInput[];

  @Field(() => [FailureClassEnum], { ...OPTIONAL, description: 'Failures to move on for.' })
  readonly on?: readonly FailureClass[] | null;

  @Field(() => AllOpenPolicyEnum, { ...OPTIONAL, defaultValue: 'FAIL', description: 'What happens while every target is open.' })
  readonly whenAllOpen?: AllOpenPolicy | null;

  @Field(() => HedgeInput, HEDGE)
  readonly hedge?: HedgeInput | null;
}

@InputType({ description: 'One side of a split.' })
export class SplitBranchInput {
  @Field(() => String, { description: 'Its name, in steps and reports.' })
  readonly name!: string;

  @Field(() => Int, { description: 'Its share: above 0.' })
  readonly weight!: number;

  @Field(() => RouteNodeInput, { description: 'What it leads to.' })
  readonly node!: RouteNodeInput;
}

@InputType({
  description:
    'By weight; `sticky` keeps a session, user or key on its side. A failure of one side does not move a call to another: ' +
    'put the split into a fallback where that is wanted.',
})
export class SplitNodeInput {
  @Field(() => [SplitBranchInput], { description: 'The sides.' })
  readonly branches!: readonly SplitBranchInput[];

  @Field(() => StickyKeyEnum, { ...OPTIONAL, description: 'Whose side is kept.' })
  readonly sticky?: StickyKey | null;

  @Field(() => String, { ...OPTIONAL, description: 'Names the split for A/B reports.' })
  readonly experiment?: string | null;
}

@InputType({ description: 'One branch of a balance.' })
export class BalanceBranchInput {
  @Field(() => RouteNodeInput, { description: 'What it leads to.' })
  readonly node!: RouteNodeInput;

  @Field(() => Int, {
    ...OPTIONAL,
    defaultValue: 1,
    description: 'Its share, where the strategy goes by shares; 0: only after the others.',
  })
  readonly weight?: number | null;
}

@InputType({ description: 'Picks one branch by its strategy, and moves on to the others for failures that another target could cure.' })
export class BalanceNodeInput {
  @Field(() => BalanceStrategyEnum, { description: 'How it picks.' })
  readonly strategy!: BalanceStrategy;

  @Field(() => LatencyMeasureEnum, {
    ...OPTIONAL,
    description: 'What LOWEST_LATENCY goes by: END_TO_END where none is given. Other strategies have none.',
  })
  readonly latencyMeasure?: LatencyMeasure | null;

  @Field(() => [BalanceBranchInput], { description: 'Among what.' })
  readonly branches!: readonly BalanceBranchInput[];

  @Field(() => StickyKeyEnum, { ...OPTIONAL, description: 'Whose target is kept.' })
  readonly sticky?: StickyKey | null;

  @Field(() => HedgeInput, HEDGE)
  readonly hedge?: HedgeInput | null;
}

@InputType({ description: 'A condition and what it leads to.' })
export class WhenBranchInput {
  @Field(() => String, { description: 'CEL that is true or false; at most 1,000 characters.' })
  readonly if!: string;

  @Field(() => RouteNodeInput, { description: 'Where to, if it is true.' })
  readonly then!: RouteNodeInput;
}

@InputType({
  description:
    'The first branch whose CEL expression is true. Variables: request (task, inputTokens, complexity, user, sessionId, tags, hasTools, ' +
    'hasImages, region), key and team (ids), budget (usedFraction), now. What is unset is the empty text or 0.',
})
export class WhenNodeInput {
  @Field(() => [WhenBranchInput], { description: 'Asked in order.' })
  readonly branches!: readonly WhenBranchInput[];

  @Field(() => RouteNodeInput, { description: 'Where to, if none is true.' })
  readonly otherwise!: RouteNodeInput;
}

@InputType({
  description:
    'One node; any node may stand inside any other. Problems come back with their path: definition.fallback.nodes.1.target.model',
})
@Directive('@oneOf')
export class RouteNodeInput {
  @Field(() => TargetNodeInput, { ...OPTIONAL, description: 'Who answers.' })
  readonly target?: TargetNodeInput;

  @Field(() => FallbackNodeInput, { ...OPTIONAL, description: 'One after the other.' })
  readonly fallback?: FallbackNodeInput;

  @Field(() => SplitNodeInput, { ...OPTIONAL, description: 'By shares, to compare.' })
  readonly split?: SplitNodeInput;

  @Field(() => BalanceNodeInput, { ...OPTIONAL, description: 'By strategy, to spread.' })
  readonly balance?: BalanceNodeInput;

  @Field(() => WhenNodeInput, { ...OPTIONAL, description: 'By condition.' })
  readonly when?: WhenNodeInput;
}

@InputType({ description: 'A version of a route, to be in force from now on.' })
export class PublishRouteInput {
  @Field(() => String, { description: 'What callers write as `model`; no model’s slug.' })
  readonly slug!: string;

  @Field(() => RouteNodeInput, { description: 'The tree.' })
  readonly definition!: RouteNodeInput;

  @Field(() => String, { ...OPTIONAL, description: 'Why, for those who come later.' })
  readonly note?: string | null;

  @Field(() => Int, { ...OPTIONAL, description: 'Refused with Conflict where another version is in force; 0: where any is.' })
  readonly expectedVersion?: number | null;
}

@InputType({ description: 'Which version to bring back.' })
export class RollbackRouteInput {
  @Field(() => String, { description: 'The route.' })
  readonly slug!: string;

  @Field(() => Int, { description: 'An earlier version; its definition is published once more, under the next number.' })
  readonly version!: number;
}

@ArgsType()
export class SimulateRouteArgs {
  @Field(() => CompletionInput, { description: 'The completion as it would be asked for.' })
  readonly input!: RawCompletionInput;

  @Field(() => RouteNodeInput, { ...OPTIONAL, description: 'A tree to try in place of what `model` names; needs CONFIG_WRITE.' })
  readonly definition?: RouteNodeInput | null;

  @Field(() => String, { ...OPTIONAL, description: 'A decision’s seed, for its chance again; a new one where none is given.' })
  readonly seed?: string | null;
}
