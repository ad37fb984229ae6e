import type { Granularity, UsageDimension, UsageOrder } from '../../core/vocabulary.js';
import { declareEnum } from '../declare-enum.js';

export const UsageDimensionEnum = declareEnum<UsageDimension>(
  'UsageDimension',
  'What a report can be grouped by. Every inference is in exactly one group of each; its value is null where it has none.',
  {
    TEAM: 'Whose key asked: the team’s id, labelled with its name.',
    API_KEY: 'The key that asked: its id, labelled with its name.',
    USER: 'The caller’s own id of the person or account.',
    SESSION: 'The caller’s own id of the conversation.',
    MODEL: 'The model that answered: its slug.',
    REQUESTED_MODEL: 'The model as the caller wrote it.',
    PROVIDER: 'The provider that answered: its slug.',
    DEPLOYMENT: 'The deployment that answered: its slug.',
    ROUTE: 'The route that the caller named: its slug; null where a model was named.',
    ROUTE_VERSION: 'The version of the route then: its number, labelled with the route. Versions of two routes make two groups.',
    EXPERIMENT_BRANCH:
      'The side of a split that names an experiment: its branch’s name, labelled with the experiment. Of several splits around a target ' +
      'the outermost counts; branches of two experiments make two groups.',
    OPERATION: 'What was asked for.',
    TASK: 'What the caller said it was for.',
    STATUS: 'How it ended.',
    ERROR_CODE: 'Why it was refused, failed or cancelled.',
    CACHE_STATUS: 'What the answer cache did.',
    REGION: 'Where it was answered: the deployment’s region, else its provider’s, as it was then.',
    TAG: 'The value of the tag that `filter.tagKey` names; of several under that key, the first.',
  },
);

export const GranularityEnum = declareEnum<Granularity>('Granularity', 'The length of a bucket of time, in the report’s time zone.', {
  MINUTE: 'A minute.',
  HOUR: 'An hour. Where clocks go back, both hours of that name stand for themselves.',
  DAY: 'A calendar day; 23 or 25 hours where clocks change.',
  WEEK: 'A week from Monday.',
  MONTH: 'A calendar month.',
});

export const UsageOrderEnum = declareEnum<UsageOrder>('UsageOrder', 'Which groups come first, and thereby which a limit keeps.', {
  COST_DESC: 'The dearest.',
  REQUESTS_DESC: 'Those with the most requests.',
  TOKENS_DESC: 'Those with the most tokens, prompt and answer together.',
  ERRORS_DESC: 'Those with the most failed requests.',
  LATENCY_DESC: 'The slowest, by the 95th percentile of their latency; with buckets, by their slowest bucket.',
});
