import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTime as BaseDateTime } from 'graphql-scalars';

const base = BaseDateTime.toConfig();

/** graphql-scalars' parser; serialized here, because that package hands out a Date and leaves the text to whoever prints it. */
export const GraphQLDateTime = new GraphQLScalarType<Date, string>({
  ...base,
  extensions: {},
  description: 'An instant as an ISO 8601 string with its offset; answered in UTC: 2026-01-31T09:30:00.000Z.',
  serialize(value) {
    if (value instanceof Date) return value.toISOString();
    throw new Error('a DateTime must be serialized from a Date');
  },
  parseValue: (value) => toDate(base.parseValue(value)),
  parseLiteral: (node, variables) => toDate(base.parseLiteral(node, variables)),
});

function toDate(value: unknown): Date {
  if (value instanceof Date) return value;
  throw new TypeError('DateTime must be an ISO 8601 string with an offset.');
}
