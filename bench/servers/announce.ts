import type { Server } from 'node:http';

/** Listens on a free port, says where in one line of JSON, and ends with the process that started it. */
export function announce(server: Server): void {
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${address.port}` })}\n`);
  });
  process.stdin.on('end', () => process.exit(0)).resume();
}
