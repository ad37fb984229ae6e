import { fail, invalidRequest, ok } from '../../core/errors.js';
import type { InputProblem, Result } from '../../core/errors.js';
import type { EmbeddingCall, OperationCall } from '../../core/operations.js';
import { EMBEDDING_PURPOSES } from '../../core/vocabulary.js';
import { isGiven, readList, readNumber, readWord, report } from './place.js';
import type { Place } from './place.js';
import { parseTerms, rootPlace, WHOLE_FROM_ONE } from './terms.js';

/** As many texts as the largest vendor takes at once; numbers of a vector at most. */
export const OPERATION_LIMITS = { texts: 2_048, dimensions: 65_536 } as const;

type Parsers = { readonly [Name in OperationCall['operation']]: (input: Place) => Extract<OperationCall, { operation: Name }> };

const PARSERS: Parsers = { EMBEDDING: parseEmbedding };

/** The call that an input makes; or every problem it has, each with its path as in the input. Never throws, whatever it is given. */
export function parseOperationInput(operation: OperationCall['operation'], raw: unknown): Result<OperationCall> {
  const problems: InputProblem[] = [];
  const call = PARSERS[operation](rootPlace(raw, problems));
  return problems.length === 0 ? ok(call) : fail(invalidRequest(problems));
}

function parseEmbedding(input: Place): EmbeddingCall {
  return {
    ...parseTerms(input),
    operation: 'EMBEDDING',
    texts: readTexts(input, 'texts'),
    dimensions: readNumber(input, 'dimensions', { ...WHOLE_FROM_ONE, max: OPERATION_LIMITS.dimensions }),
    purpose: readWord(input, 'purpose', EMBEDDING_PURPOSES),
  };
}

/** At least one, none empty. */
function readTexts(input: Place, name: string): readonly string[] {
  if (!isGiven(input, name)) report(input, name, 'is required');
  const list = readList(input, name, OPERATION_LIMITS.texts);
  if (Array.isArray(input.fields[name]) && input.fields[name].length === 0) report(input, name, 'must name at least one text');
  return list.flatMap((value, index) => {
    if (typeof value === 'string' && value !== '') return value;
    report(input, `${name}.${index}`, 'must be a text that is not empty');
    return [];
  });
}
