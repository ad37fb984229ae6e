import { createHash, createHmac } from 'node:crypto';
import type { CloudAccount } from '../../core/cloud-account.js';
import type { OutgoingRequest } from '../client.js';

/** What a signature is made for. */
export interface AwsSigning {
  readonly account: Extract<CloudAccount, { kind: 'aws' }>;
  readonly region: string;
  readonly service: string;
  readonly at: Date;
}

/** The region in an address of the vendor's own: https://bedrock-runtime.eu-central-1.amazonaws.com */
const REGION_IN_HOST = /^[\w-]+\.([a-z]{2}(?:-[a-z]+)+-\d)\.(?:amazonaws\.com(?:\.cn)?|api\.aws|vpce\.amazonaws\.com)$/;

export function regionOfHost(baseUrl: string): string | null {
  return (URL.canParse(baseUrl) ? REGION_IN_HOST.exec(new URL(baseUrl).hostname)?.[1] : undefined) ?? null;
}

type Query = Record<string, string>;

/**
 * The headers of a request signed with Signature Version 4
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html). The library is loaded at the first use: few need it,
 * and it is the heaviest of all that a start would load.
 */
export async function signAws(
  request: Pick<OutgoingRequest, 'baseUrl' | 'path' | 'headers' | 'body'>,
  signing: AwsSigning,
): Promise<Record<string, string>> {
  const { SignatureV4 } = await import('@smithy/signature-v4');
  const { account, region, service } = signing;
  const credentials = {
    accessKeyId: account.accessKeyId,
    secretAccessKey: account.secretAccessKey,
    ...(account.sessionToken === null ? {} : { sessionToken: account.sessionToken }),
  };
  const signer = new SignatureV4({ credentials, region, service, sha256: Sha256 });
  const base = new URL(request.baseUrl);
  const [path = '', search = ''] = request.path.split('?', 2);
  const query: Query = Object.fromEntries([...base.searchParams, ...new URLSearchParams(search)]);
  const signed = await signer.sign(
    {
      method: 'POST',
      protocol: base.protocol,
      hostname: base.hostname,
      path: `${base.pathname.replace(/\/+$/, '')}${path}`,
      query,
      headers: { host: base.host, 'content-type': request.headers['content-type'] ?? 'application/json' },
      body: typeof request.body === 'string' ? request.body : Buffer.concat(request.body),
    },
    { signingDate: signing.at },
  );
  const { host: _, ...headers } = signed.headers;
  return headers;
}

type Digest = Pick<ReturnType<typeof createHmac>, 'update' | 'digest'> | ReturnType<typeof createHash>;

/** The hash as the library wants one. */
class Sha256 {
  private readonly make: () => Digest;
  private hash: Digest;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = secret === undefined ? null : bytesOf(secret);
    this.make = () => (key === null ? createHash('sha256') : createHmac('sha256', key));
    this.hash = this.make();
  }

  update(chunk: string | ArrayBuffer | ArrayBufferView): void {
    this.hash.update(bytesOf(chunk));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.hash.digest());
  }

  reset(): void {
    this.hash = this.make();
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
}
