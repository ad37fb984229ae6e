import { crc32 } from 'node:zlib';

/** Messages of an AWS event stream, byte for byte: https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html */

/** One event as the vendor's documentation shows it, `{"contentBlockDelta": …}`. */
export function awsEvent(event: Readonly<Record<string, unknown>>): Buffer {
  const [[type, payload] = ['', {}]] = Object.entries(event);
  return awsMessage({ ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' }, payload);
}

export function awsException(type: string, payload: unknown): Buffer {
  return awsMessage({ ':message-type': 'exception', ':exception-type': type, ':content-type': 'application/json' }, payload);
}

export function awsMessage(headers: Readonly<Record<string, string>>, payload: unknown): Buffer {
  const fields = Object.entries(headers).map(([name, value]) => textHeader(name, value));
  return awsFrame(Buffer.concat(fields), Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)));
}

function textHeader(name: string, value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(value));
  return Buffer.concat([Buffer.of(Buffer.byteLength(name)), Buffer.from(name), Buffer.of(7), length, Buffer.from(value)]);
}

/** Any headers and payload in a frame whose lengths and checksums are right. */
export function awsFrame(headers: Uint8Array, payload: Uint8Array): Buffer {
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(12 + headers.byteLength + payload.byteLength + 4, 0);
  prelude.writeUInt32BE(headers.byteLength, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const message = Buffer.concat([prelude, headers, payload]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(message));
  return Buffer.concat([message, checksum]);
}
