import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { RpcClient } from '../../../shared/rpc/client.ts';
import { jobMethods, nodeMethods } from '../../../shared/rpc/methods.ts';
import { FakeControlPlane } from '../../harness/fake-control-plane.ts';

/** Takes connections and says nothing. */
function silentServer(): Server & Disposable {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket.on('error', () => {})));
  const end = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return Object.assign(server, { [Symbol.dispose]: end });
}

const listening = (server: Server): Promise<string> =>
  new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`)),
  );

test('of several servers the one that answers is used, also where one refuses and one stays silent', async () => {
  await using plane = new FakeControlPlane([{ name: 'web-1' }]);
  await plane.start();
  using silent = silentServer();
  const refusing = createServer();
  const silentAt = await listening(silent);
  const refusedAt = await listening(refusing);
  await new Promise((done) => refusing.close(done));
  const client = new RpcClient({ servers: [silentAt, refusedAt, plane.address], connectTimeoutMs: 300, startAt: 0 });
  const { node } = await client.call(nodeMethods.GetNode, { node: 'web-1' });
  assert.equal(node?.name, 'web-1');
  assert.equal(client.server, plane.address);
  client.close();
});

test('a server that takes the connection and stays silent is given up, and named', async () => {
  using silent = silentServer();
  const address = await listening(silent);
  const client = new RpcClient({ servers: [address], connectTimeoutMs: 200 });
  await assert.rejects(client.call(nodeMethods.GetNode, { node: 'x' }), (error: Error) => {
    assert.match(error.message, new RegExp(`${address} did not answer`));
    return 'reason' in error && error.reason === 'REPLICA_UNAVAILABLE';
  });
  client.close();
});

test('after its server is gone the next call goes to another', async () => {
  await using one = new FakeControlPlane([{ name: 'one' }]);
  await using other = new FakeControlPlane([{ name: 'other' }]);
  await one.start();
  await other.start();
  const client = new RpcClient({ servers: [one.address, other.address], startAt: 0 });
  await client.call(nodeMethods.GetNode, { node: 'one' });
  one.stop();
  // The loss may show in the call itself or before it; either way the one after finds the other.
  await client.call(nodeMethods.GetNode, { node: 'other' }).catch(() => {});
  const { node } = await client.call(nodeMethods.GetNode, { node: 'other' });
  assert.equal(node?.name, 'other');
  client.close();
});

test('errors carry their reason and field over the wire', async () => {
  await using plane = new FakeControlPlane([{ name: 'web-1' }]);
  await plane.start();
  const client = new RpcClient({ servers: [plane.address] });
  await assert.rejects(client.call(jobMethods.GetJob, { jobId: 'x' }), { name: 'MusterError', reason: 'UNKNOWN_JOB' });
  const plan = client.stream(jobMethods.Plan, { target: { nodes: ['nope'] } });
  await assert.rejects(plan.next(), { reason: 'UNKNOWN_NODE' });
  client.close();
});

test('an aborted call and stream reject with the reason of the abort', async () => {
  await using plane = new FakeControlPlane([{ name: 'web-1' }]);
  await plane.start();
  const client = new RpcClient({ servers: [plane.address] });
  const stop = new AbortController();
  stop.abort(new Error('enough'));
  await assert.rejects(client.call(nodeMethods.GetNode, { node: 'web-1' }, { signal: stop.signal }), /enough/);
  await assert.rejects(client.stream(jobMethods.Plan, {}, { signal: stop.signal }).next(), /enough/);
  client.close();
});

test('a stream is read at the pace of its reader', async () => {
  await using plane = new FakeControlPlane([{ name: 'web-1' }]);
  await plane.start();
  const client = new RpcClient({ servers: [plane.address] });
  const { FakeExecution } = await import('../../harness/fake-execution.ts');
  const execution = new FakeExecution({ id: 'x', node: { uid: '1', name: 'web-1' }, changed: () => {} });
  execution.streams.stdout = { bytes: Buffer.alloc(64 * 1024 * 1024), ended: true };
  const job = { id: 'j', executions: [execution] } as unknown as Parameters<typeof plane.jobs.set>[1];
  plane.jobs.set('j', job);
  const request = { jobId: 'j', node: 'web-1', stream: 'OUTPUT_STREAM_STDOUT' } as const;
  const stream = client.stream(jobMethods.ReadOutput, request);
  await stream.next();
  // The server had every chance to send more; what it could is bounded by windows and queues, not by the output's size.
  for (let n = 0; n < 50; n += 1) await client.call(nodeMethods.GetNode, { node: 'web-1' });
  assert.ok(plane.readBytes < 16 * 1024 * 1024, `${plane.readBytes} bytes were sent to a reader that took one chunk`);
  await stream.return();
  plane.jobs.delete('j');
  client.close();
});
