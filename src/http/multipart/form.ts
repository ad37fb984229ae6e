import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../core/clock.js';
import { createFileCollector, LARGEST_FILE_BYTES, UploadedFile } from '../../core/files.js';
import { placeOf } from './file-map.js';
import type { FilePlace, TakesFile } from './file-map.js';
import { FormProblem, quoted } from './problem.js';
import { readForm } from './reading.js';
import type { FileListener, FilePart } from './reading.js';

export interface FormRules {
  readonly clock: Clock;
  /** As a JSON body is parsed; throws where it is none. */
  parseJson(text: string): unknown;
  /** What of the operations may hold a file; null where they are refused anyhow, so that no file is read. May throw. */
  admit(operations: unknown): TakesFile | null;
}

const LARGEST_MAP = 16 * 1024;

/**
 * An operation with a file, by the GraphQL multipart request specification
 * (https://github.com/jaydenseric/graphql-multipart-request-spec):
 * 1. `operations`: the request, with null where the file goes;
 * 2. `map`: {"<field>": ["variables.…"]};
 * 3. the file, in the field that the map names. Its bytes are collected once, and are there whole before anything is run: another
 *    target may need them again.
 * @returns what a JSON body would be
 */
export async function receiveForm(request: IncomingMessage, rules: FormRules): Promise<unknown> {
  const form = createForm(rules);
  await readForm(request, { clock: rules.clock, listener: form });
  return form.end();
}

function createForm(rules: FormRules) {
  let operations: unknown;
  let takesFile: TakesFile | null = null;
  let isRefused = false;
  /** Undefined: no map has come. */
  let place: FilePlace | null | undefined;
  let file: UploadedFile | null = null;
  return {
    onField(name: string, value: string): boolean {
      if (name === 'operations' && operations === undefined) {
        operations = parsed(name, value, rules);
        takesFile = rules.admit(operations);
        isRefused = takesFile === null;
        return !isRefused;
      }
      if (name !== 'map' || takesFile === null || place !== undefined) throw disordered();
      if (value.length > LARGEST_MAP) throw new FormProblem('`map` is too large.', 413);
      place = placeOf(parsed(name, value, rules), operations, takesFile);
      return true;
    },
    onFile(part: FilePart): FileListener {
      if (place === undefined) throw disordered();
      if (place?.field !== part.field) throw new FormProblem(`\`map\` says nothing of the file ${quoted(part.field)}.`);
      return collect(part, place, (collected) => {
        file = collected;
      });
    },
    end(): unknown {
      if (isRefused) return operations;
      if (operations === undefined) throw new FormProblem('The form has no `operations`.');
      if (place === undefined) throw new FormProblem('The form has no `map`.');
      if (place === null) return operations;
      if (file === null) throw new FormProblem(`${place.path}: its file, ${quoted(place.field)}, did not come.`);
      place.put(file);
      return operations;
    },
  };
}

function collect({ name, mimeType }: FilePart, { path }: FilePlace, done: (file: UploadedFile) => void): FileListener {
  const collector = createFileCollector();
  return {
    onData: (chunk) => collector.add(chunk),
    onEnd: () => done(new UploadedFile(collector.end(), name, mimeType)),
    onTooLarge: () => new FormProblem(`${path}: the file is larger than ${LARGEST_FILE_BYTES} bytes.`, 413),
  };
}

function parsed(name: string, text: string, { parseJson }: FormRules): unknown {
  try {
    return parseJson(text);
  } catch {
    throw new FormProblem(`\`${name}\` is not JSON.`);
  }
}

function disordered(): FormProblem {
  return new FormProblem('The form must hold `operations`, then `map`, then the file, each once.');
}
