import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

/** A plain decimal of at most 26 digits before the point and 30 after it; no exponent, no sign but minus. */
const DECIMAL = /^-?\d{1,26}(?:\.\d{1,30})?$/;

function parse(value: unknown): string {
  if (typeof value === 'string' && DECIMAL.test(value)) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  if (typeof value === 'number') throw new GraphQLError('Decimal must be a string ("0.15") or a whole number: a float would lose digits.');
  throw new GraphQLError('Decimal must be a plain decimal string such as "0.15", without an exponent.');
}

export const GraphQLDecimal = new GraphQLScalarType<string, string>({
  name: 'Decimal',
  description: 'An exact decimal number as a string, such as "0.054399": never a float, never an exponent. Whole numbers are taken too.',
  serialize(value) {
    if (typeof value === 'string' && DECIMAL.test(value)) return value;
    throw new Error('a Decimal must be serialized from a plain decimal string');
  },
  parseValue: parse,
  parseLiteral(node) {
    if (node.kind === Kind.STRING) return parse(node.value);
    if (node.kind === Kind.INT) return parse(node.value);
    throw new GraphQLError('Decimal must be a string ("0.15") or a whole number: a float would lose digits.', { nodes: node });
  },
});
