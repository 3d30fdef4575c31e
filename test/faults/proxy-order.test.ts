import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { TcpProxy } from '../harness/tcp-proxy.ts';

test('a link whose delay changes all the time passes every byte in its order', async (t) => {
  const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await TcpProxy.start(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [host, port] = proxy.endpoint.split(':');
  const socket = connect(Number(port), host);
  t.after(async () => {
    socket.destroy();
    await proxy.stop();
    server.close();
  });
  socket.setNoDelay(true);
  const lines = Array.from({ length: 400 }, (_, n) => `${n}\n`);
  const sent = lines.join('');
  let came = '';
  const all = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      came += chunk.toString();
      if (came.length >= sent.length) resolve();
    });
  });
  for (const [n, line] of lines.entries()) {
    proxy.delay([12, 0, 7, 3, 0][n % 5] as number);
    socket.write(line);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await all;
  assert.equal(came, sent);
});
