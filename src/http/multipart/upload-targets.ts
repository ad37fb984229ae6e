import {
  getNullableType,
  isInputObjectType,
  isListType,
  typeFromAST,
  type GraphQLSchema,
  type GraphQLType,
  type OperationDefinitionNode,
} from 'graphql';
import type { TakesFile } from './file-map.js';

const UPLOAD = 'Upload';

/** Which places in an operation's variables are of type Upload. */
export function uploadTargets(schema: GraphQLSchema, { variableDefinitions = [] }: OperationDefinitionNode): TakesFile {
  return ([name, ...inner]) => {
    const definition = variableDefinitions.find(({ variable }) => variable.name.value === name);
    let type: GraphQLType | undefined = definition && typeFromAST(schema, definition.type);
    for (const segment of inner) type = memberType(type, segment);
    return String(getNullableType(type)) === UPLOAD;
  };
}

function memberType(outer: GraphQLType | undefined, segment: string): GraphQLType | undefined {
  const type = getNullableType(outer);
  if (isListType(type)) return type.ofType;
  return isInputObjectType(type) ? type.getFields()[segment]?.type : undefined;
}
