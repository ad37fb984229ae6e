import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { getOperationAST } from 'graphql';
import type { Visitor } from '../authentication.js';
import type { DoorParts } from '../door-parts.js';
import { receiveForm } from '../multipart/form.js';
import type { TakesFile } from '../multipart/file-map.js';
import { createPlaces } from '../multipart/places.js';
import { FormProblem } from '../multipart/problem.js';
import { uploadTargets } from '../multipart/upload-targets.js';
import { operationOfBody } from './operation-request.js';

const FORM = 'multipart/form-data';
/** A page anywhere may send a form without asking first; none of these without. */
const PREFLIGHT_HEADERS = ['apollo-require-preflight', 'x-apollo-operation-name'];

export interface UploadDoor {
  /** What the request's JSON body is, or would be where it is a form with a file. Throws a GatewayError, with its status set. */
  bodyOf(request: FastifyRequest, reply: FastifyReply, visitor: Visitor): unknown;
}

/**
 * Takes forms: by callers with a key, and only where a browser had to ask whether its page may call. An operation that the guard
 * refuses is told so without its file having been read. So many at a time as memory has room for.
 */
export function createUploadDoor(app: FastifyInstance, { api, clock }: Pick<DoorParts, 'api' | 'clock'>): UploadDoor {
  // Read by the handler, who knows who asks.
  app.addContentTypeParser(FORM, (_request, _payload, done) => {
    done(null);
  });
  const parser = app.getDefaultJsonParser('error', 'error');
  const takePlace = createPlaces();
  const receive = async (request: FastifyRequest, reply: FastifyReply, visitor: Visitor): Promise<unknown> => {
    try {
      checkSender(request, visitor);
      takePlace(reply.raw);
      return await receiveForm(request.raw, {
        clock,
        parseJson: (text) => parsedBy(parser, { request, text }),
        admit: (body) => targetsOf(body, { api, visitor }),
      });
    } catch (problem) {
      if (problem instanceof FormProblem) {
        reply.code(problem.status);
        if (problem.status === 408) reply.header('connection', 'close');
      }
      throw problem;
    }
  };
  return { bodyOf: (request, reply, visitor) => (isForm(request) ? receive(request, reply, visitor) : request.body) };
}

function isForm({ method, headers }: FastifyRequest): boolean {
  return method === 'POST' && (headers['content-type']?.trimStart().toLowerCase().startsWith(FORM) ?? false);
}

function checkSender({ headers }: FastifyRequest, { principal }: Visitor): void {
  if (principal === null) throw new FormProblem('An API key is needed to send a file.', 401);
  if (!PREFLIGHT_HEADERS.some((name) => (headers[name] ?? '') !== ''))
    throw new FormProblem('A form needs the header Apollo-Require-Preflight: true, which no foreign page can send unasked.');
}

function targetsOf(body: unknown, { api, visitor }: Pick<DoorParts, 'api'> & { readonly visitor: Visitor }): TakesFile | null {
  const request = operationOfBody(body);
  const admission = api.guard.admit(request, visitor.principal);
  const operation = admission.ok ? getOperationAST(admission.document, request.operationName) : undefined;
  return operation ? uploadTargets(api.schema, operation) : null;
}

/** Fastify's own parser of JSON bodies, which refuses what would pollute prototypes. */
function parsedBy(
  parser: ReturnType<FastifyInstance['getDefaultJsonParser']>,
  { request, text }: { readonly request: FastifyRequest; readonly text: string },
): unknown {
  let parsed: unknown;
  void parser(request, text, (error: Error | null, body?: unknown) => {
    if (error) throw error;
    parsed = body;
  });
  return parsed;
}
