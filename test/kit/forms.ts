import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface Part {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly filename?: string;
  readonly type?: string;
  /** Further header lines. */
  readonly headers?: string;
}

const BOUNDARY = '----glidepath-test';
export const FORM_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;
const FORM_HEADERS = { 'content-type': FORM_TYPE, 'apollo-require-preflight': 'true' };

/** The bytes of a form, as browsers and curl write them. */
export function formBytes(parts: readonly Part[]): Buffer {
  const written = parts.flatMap(({ name, content, filename, type, headers = '' }) => [
    Buffer.from(
      `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}\r\n` +
        `${type === undefined ? '' : `content-type: ${type}\r\n`}${headers}\r\n`,
    ),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...written, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

/** The parts of the GraphQL multipart request specification: an operation, and its one file at `path`. */
export function uploadParts(operations: unknown, file: Omit<Part, 'name'>, path = 'variables.file'): readonly Part[] {
  return [
    { name: 'operations', content: JSON.stringify(operations) },
    { name: 'map', content: JSON.stringify({ 0: [path] }) },
    { filename: 'heron.wav', type: 'audio/wav', ...file, name: '0' },
  ];
}

export interface FormAnswer {
  readonly status: number;
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
}

export interface FormTarget {
  readonly url: string;
  readonly key: string | null;
}

export async function postForm(
  { url, key }: FormTarget,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  headers: Record<string, string> = {},
): Promise<FormAnswer> {
  const authorization: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
  const init = { method: 'POST', headers: { ...FORM_HEADERS, ...authorization, ...headers }, body, duplex: 'half' };
  const response = await fetch(`${url}/graphql`, init as RequestInit);
  return { ...((await response.json()) as Omit<FormAnswer, 'status'>), status: response.status };
}

/** A request of which only so much is sent; the rest is the test's. */
export async function beginForm({ url, key }: FormTarget, { promised, sent }: { promised: number; sent: Uint8Array }): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  const lines = ['POST /graphql HTTP/1.1', `host: ${hostname}`, `authorization: Bearer ${key ?? ''}`, `content-length: ${promised}`];
  for (const [name, value] of Object.entries(FORM_HEADERS)) lines.push(`${name}: ${value}`);
  // At once: where the head has been read, so has the rest.
  socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), sent]));
  return socket;
}
