import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

/** Checked and kept as written: a parser's normal form would change addresses that are compared byte by byte. */
function parse(value: unknown): string {
  if (typeof value === 'string' && URL.canParse(value)) return value;
  throw new GraphQLError('URL must be an absolute address such as "https://example.com/v1".');
}

export const GraphQLURL = new GraphQLScalarType<string, string>({
  name: 'URL',
  description: 'An absolute address as of the WHATWG URL standard, kept as written.',
  specifiedByURL: 'https://url.spec.whatwg.org/',
  serialize: parse,
  parseValue: parse,
  parseLiteral(node) {
    if (node.kind === Kind.STRING) return parse(node.value);
    throw new GraphQLError('URL must be a string.', { nodes: node });
  },
});
