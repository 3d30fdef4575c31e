import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { widenReceiveWindow } from '../../../server/api/receive-window.ts';

const wide = { connection: 2 * 1024 * 1024, stream: 2 * 1024 * 1024 };
const narrow = { connection: 65_535, stream: 65_535 };

test('a peer may send 2 MiB at once from its first stream of a named path on, and 64 KiB before', async (t) => {
  t.after(widenReceiveWindow(['/agents']));
  const client = await connected(t);
  assert.deepEqual(await windowsAfter(client, '/others'), narrow);
  assert.deepEqual(await windowsAfter(client, '/agents'), wide);
  assert.deepEqual(await windowsAfter(client, '/agents'), wide);
});

test('no window is widened any more once that is ended', async (t) => {
  widenReceiveWindow(['/agents'])();
  assert.deepEqual(await windowsAfter(await connected(t), '/agents'), narrow);
});

/** A client of a server that takes streams and reads nothing. */
async function connected(t: { after(action: () => void): void }): Promise<ClientHttp2Session> {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {});
    stream.respond();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.after(() => {
    client.destroy();
    server.close();
  });
  await once(client, 'remoteSettings');
  return client;
}

/** What the server lets the client send, once it has answered a stream of that path. */
async function windowsAfter(client: ClientHttp2Session, path: string): Promise<typeof narrow> {
  const stream = client.request({ ':method': 'POST', ':path': path });
  stream.on('error', () => {});
  await once(stream, 'response');
  // Whatever was sent before the answer to a ping has come by then.
  await new Promise<void>((resolve, reject) => client.ping((error) => (error ? reject(error) : resolve())));
  const connection = client.state.remoteWindowSize ?? 0;
  return { connection, stream: client.remoteSettings.initialWindowSize ?? 0 };
}
