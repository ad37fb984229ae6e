import type { UploadedFile } from '../../core/files.js';
import { isJsonObject } from '../../core/json.js';
import { FormProblem, quoted } from './problem.js';

/** Where the file of a form goes. */
export interface FilePlace {
  /** The form's field that it comes in. */
  readonly field: string;
  /** As the map has it: variables.input.file */
  readonly path: string;
  put(file: UploadedFile): void;
}

/** Whether a place in the variables may hold a file, by its type. */
export type TakesFile = (path: readonly string[]) => boolean;

const MOST_PATHS = 10;
const INDEX = /^(?:0|[1-9]\d{0,5})$/;

/**
 * What the map of a form says, checked: each path leads through what the operations hold to a null, in a place that takes files.
 * Null where it names none. Throws a FormProblem.
 */
export function placeOf(map: unknown, operations: unknown, takesFile: TakesFile): FilePlace | null {
  if (!isJsonObject(map)) throw new FormProblem('`map` must be a JSON object of lists of paths.');
  const entries = Object.entries(map);
  const [first] = entries;
  if (first === undefined) return null;
  if (entries.length > 1) throw new FormProblem('`map` names more than one file: an operation takes one.');
  const [field, paths] = first;
  if (!Array.isArray(paths) || paths.length === 0 || paths.length > MOST_PATHS || !paths.every((path) => typeof path === 'string'))
    throw new FormProblem(`\`map\`: ${quoted(field)} must be a list of 1 to ${MOST_PATHS} paths.`);
  const texts: readonly string[] = paths;
  if (new Set(texts).size < texts.length) throw new FormProblem(`\`map\`: ${quoted(field)} names a path twice.`);
  const puts = texts.map((path) => putterAt(path, operations, takesFile));
  return {
    field,
    path: texts[0] ?? '',
    put: (file) => {
      for (const put of puts) put(file);
    },
  };
}

function putterAt(path: string, operations: unknown, takesFile: TakesFile): (file: UploadedFile) => void {
  const segments = path.split('.');
  const [root, ...inner] = segments;
  const last = inner.at(-1);
  if (root !== 'variables' || last === undefined)
    throw new FormProblem(`\`map\`: ${quoted(path)} must lead into the variables, as variables.input.file does.`);
  let holder = operations;
  for (const segment of segments.slice(0, -1)) holder = memberOf(holder, segment);
  if (memberOf(holder, last) !== null || !isHolder(holder))
    throw new FormProblem(`${quoted(path)} must be null in \`operations\`, where the file goes.`);
  if (!takesFile(inner)) throw new FormProblem(`${quoted(path)} takes no file: only what is of type Upload does.`);
  return (file) => void Reflect.set(holder, last, file);
}

/** What is an object's or list's own; undefined for the rest, and for what is inherited. */
function memberOf(holder: unknown, segment: string): unknown {
  if (!isHolder(holder) || (Array.isArray(holder) && !INDEX.test(segment))) return undefined;
  return Object.hasOwn(holder, segment) ? Reflect.get(holder, segment) : undefined;
}

function isHolder(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
