import { GraphQLError, GraphQLScalarType } from 'graphql';
import { UploadedFile } from '../../core/files.js';

function refuse(): never {
  throw new GraphQLError('An Upload is a file of a multipart request, which only POST /graphql takes.');
}

export const GraphQLUpload = new GraphQLScalarType<UploadedFile>({
  name: 'Upload',
  description: 'A file that comes with the request, by the GraphQL multipart request convention: at most one, of 25 MiB.',
  specifiedByURL: 'https://github.com/jaydenseric/graphql-multipart-request-spec',
  parseValue: (value) => (value instanceof UploadedFile ? value : refuse()),
  parseLiteral: refuse,
  serialize: refuse,
});
