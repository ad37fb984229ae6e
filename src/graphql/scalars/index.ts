import { GraphQLScalarType } from 'graphql';
import { GraphQLJSON as BaseJSON, GraphQLSafeInt as BaseSafeInt } from 'graphql-scalars';

export { GraphQLDateTime } from './date-time.js';
export { GraphQLDecimal } from './decimal.js';
export { GraphQLUpload } from './upload.js';
export { GraphQLURL } from './url.js';

export const GraphQLJSON = new GraphQLScalarType({
  ...BaseJSON.toConfig(),
  extensions: {},
  description: 'Any JSON value: object, list, string, number, true, false or null.',
});

export const GraphQLSafeInt = new GraphQLScalarType({
  ...BaseSafeInt.toConfig(),
  extensions: {},
  description: 'A whole number between -(2^53 - 1) and 2^53 - 1.',
});
