/** Holds idle subscriptions: `[url, sockets, subscriptions on each, keys…]`. Says in one line of JSON how many are open. */
import { WebSocket } from 'ws';

const [url = '', sockets = '0', each = '0', ...keys] = process.argv.slice(2);
const QUERY = 'subscription { inferenceSettled { id } }';

/** Resolves when the gateway has taken every subscription of this socket: what was sent before a ping is read before it. */
function open(key: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws');
    const send = (message: object): void => socket.send(JSON.stringify(message));
    socket.on('open', () => send({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } }));
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
    socket.on('message', (data: Buffer) => {
      const { type } = JSON.parse(data.toString('utf8')) as { type: string };
      if (type === 'connection_ack') {
        for (let index = 0; index < Number(each); index += 1) send({ type: 'subscribe', id: String(index), payload: { query: QUERY } });
        send({ type: 'ping' });
      } else if (type === 'pong') resolve(Number(each));
      else if (type === 'ping') send({ type: 'pong' });
      else reject(new Error(`a subscription did not stay open: ${data.toString('utf8')}`));
    });
  });
}

let subscriptions = 0;
for (let index = 0; index < Number(sockets); index += 1) subscriptions += await open(keys[index % keys.length] ?? '');
process.stdout.write(`${JSON.stringify({ subscriptions })}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
