import type { AllOpenPolicy, BalanceStrategy, LatencyMeasure, RoutingGoal, StickyKey } from '../../core/vocabulary.js';
import { declareEnum } from '../declare-enum.js';

export const RoutingGoalEnum = declareEnum<RoutingGoal>(
  'RoutingGoal',
  'What balances on the way are to go by instead of their own strategy.',
  {
    COST: 'The lowest cost for this call.',
    LATENCY: 'The lowest latency.',
    THROUGHPUT: 'The highest throughput.',
  },
);

export const AllOpenPolicyEnum = declareEnum<AllOpenPolicy>('AllOpenPolicy', 'What happens while every target is open or cooling down.', {
  FAIL: 'The call fails with ALL_TARGETS_COOLING, and the soonest instant.',
  TRY_SOONEST: 'The target whose time is over soonest is tried all the same.',
});

export const StickyKeyEnum = declareEnum<StickyKey>(
  'StickyKey',
  'Whose choice is kept, within one API key, for an hour after the last success.',
  {
    SESSION: 'The call’s `sessionId`.',
    USER: 'The call’s `user`.',
    API_KEY: 'The API key.',
  },
);

export const BalanceStrategyEnum = declareEnum<BalanceStrategy>('BalanceStrategy', 'How a balance picks among its branches.', {
  ROUND_ROBIN: 'In turn.',
  WEIGHTED: 'In turn, by weight, as evenly as whole turns allow.',
  LEAST_BUSY: 'Where the fewest calls run, for its weight.',
  LOWEST_LATENCY: 'Where an answer is expected soonest, waiting calls reckoned with.',
  LOWEST_COST: 'Where this call costs least, by its size and the prices in force.',
  HIGHEST_THROUGHPUT: 'Where most answer tokens come a second.',
});

export const LatencyMeasureEnum = declareEnum<LatencyMeasure>('LatencyMeasure', 'Of what LOWEST_LATENCY compares recent answers.', {
  END_TO_END: 'How long the whole answer took.',
  PER_TOKEN: 'How long it took for each of its tokens, so that long answers don’t make a target look slow.',
});
