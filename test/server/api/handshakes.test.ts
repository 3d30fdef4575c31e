import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2, createSecureServer } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { GrpcServer } from '../../../server/api/grpc-server.ts';
import { type HandshakeBounds, Handshakes } from '../../../server/api/handshakes.ts';
import { Listener } from '../../../server/api/listener.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { writeEtcdCerts } from '../../harness/etcd-certs.ts';
import { JumpClock } from '../store/jump-clock.ts';

const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

test('so many connections without a call are let through, and the next one when one of them is over', async () => {
  const { grpc, silent, client } = await serving({ unfinished: 2, reserved: 0, waiting: 3 });
  const [first] = [silent(), silent()];
  await eventually(() => grpc.handshakes.unfinished === 2, 'two to be let through');
  const late = client();
  await eventually(() => grpc.handshakes.waiting === 1, 'the third to wait');
  assert.equal(late.greeted, false);
  first.destroy();
  await eventually(() => late.greeted, 'its turn');
  assert.equal(grpc.handshakes.waiting, 0);
});

test('a connection with a call counts no more, however long it stays', async () => {
  const { grpc, clock, refused, client } = await serving({ unfinished: 1, reserved: 0 });
  const clients = [client(), client(), client()];
  for (const each of clients) {
    await eventually(() => clients.some(({ greeted, called }) => greeted && !called), 'the next to be let through');
    assert.equal(grpc.handshakes.unfinished, 1);
    await clients.find(({ greeted, called }) => greeted && !called)?.call();
    assert.equal(each.over, false);
  }
  await eventually(() => grpc.handshakes.unfinished === 0, 'all to be finished');
  clock.jump(60_000);
  for (const each of clients) await each.call();
  assert.deepEqual(refused, []);
});

test('the newest in line goes first; where the line is too long, the oldest is closed', async () => {
  const { grpc, refused, silent, client } = await serving({ unfinished: 1, reserved: 0, waiting: 2 });
  const first = silent();
  await eventually(() => grpc.handshakes.unfinished === 1, 'one to be let through');
  const line: Http2Client[] = [];
  for (let waiting = 1; waiting <= 2; waiting += 1) {
    line.push(client());
    await eventually(() => grpc.handshakes.waiting === waiting, 'it to wait');
  }
  assert.deepEqual(refused, []);
  line.push(client());
  await eventually(() => line[0]?.over === true, 'the oldest to be closed');
  assert.deepEqual([refused, grpc.handshakes.waiting], [['line-full'], 2]);
  first.destroy();
  await eventually(() => line[2]?.greeted === true, 'the newest to be let through');
  assert.deepEqual([line[1]?.greeted, line[1]?.over, grpc.handshakes.waiting], [false, false, 1]);
});

test('one that makes no call in ten seconds is closed, whether it says nothing or only hello, and the line moves on', async () => {
  const { grpc, clock, refused, silent, client } = await serving({ unfinished: 2, reserved: 0 });
  const idle = client();
  await eventually(() => idle.greeted, 'a connection without a call');
  const mute = silent();
  await eventually(() => grpc.handshakes.unfinished === 2, 'one that says nothing');
  const late = client();
  await eventually(() => grpc.handshakes.waiting === 1, 'the third to wait');
  clock.jump(5000);
  assert.deepEqual([refused, grpc.handshakes.waiting], [[], 1]);
  clock.jump(5000);
  await eventually(() => mute.closed && idle.over && late.greeted, 'their end, and its turn');
  assert.deepEqual(refused, ['timed-out', 'timed-out']);
});

test('whoever is preferred goes first, and has places that a herd can’t take', async () => {
  const bounds = { unfinished: 3, reserved: 1, waiting: 2 };
  const { grpc, refused, silent, client } = await serving(bounds, (address) => address === '127.0.0.2');
  for (let n = 0; n < 4; n += 1) silent();
  await eventually(() => grpc.handshakes.unfinished === 2 && grpc.handshakes.waiting === 2, 'the herd to fill it');
  const link = client('127.0.0.2');
  await eventually(() => link.greeted, 'the link to be let through');
  assert.deepEqual([refused, grpc.handshakes.unfinished, grpc.handshakes.waiting], [[], 3, 2]);
});

test('TLS begins when a connection is let through, not before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-handshakes-'));
  open.push(() => rmSync(folder, { recursive: true }));
  const { ca, cert, key } = await writeEtcdCerts(folder);
  const server = createSecureServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_, response) =>
    response.end(),
  );
  const handshakes = new Handshakes({
    inject: (socket) => server.emit('connection', socket),
    ...{ preferred: () => false, refused() {}, clock: new JumpClock(), bounds: { unfinished: 1, reserved: 0 } },
  });
  const listener = new Listener({ connection: (socket) => handshakes.add(socket) });
  await listener.listen({ host: '127.0.0.1', port: 0 });
  open.push(
    () => handshakes.close(),
    () => listener.close(),
  );
  const port = Number(listener.address.split(':')[1]);
  const mute = connected(port);
  await eventually(() => handshakes.unfinished === 1, 'one that says nothing');
  const tls = connectTls({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: readFileSync(ca),
    ALPNProtocols: ['h2'],
  });
  let secure = false;
  tls.once('secureConnect', () => {
    secure = true;
  });
  const session = connectHttp2('https://localhost', { createConnection: () => tls });
  open.push(() => session.destroy());
  await eventually(() => handshakes.waiting === 1, 'the second to wait');
  assert.equal(secure, false);
  mute.destroy();
  const request = session.request();
  await once(request, 'response');
  request.close();
  assert.deepEqual([secure, handshakes.unfinished], [true, 0]);
});

test('who waits in line is told when the listener closes', async () => {
  const { grpc, silent } = await serving({ unfinished: 1, reserved: 0 });
  const connections = [silent(), silent()];
  await eventually(() => grpc.handshakes.waiting === 1, 'one to wait');
  await grpc.close(0);
  await eventually(() => connections.every(({ closed }) => closed), 'both to be closed');
});

test('a call that nobody ends is over when the grace is', async () => {
  const { grpc, client } = await serving({});
  const watcher = client();
  await watcher.call('Watch');
  await grpc.close(50);
  await eventually(() => watcher.over, 'its end');
});

async function serving(bounds: Partial<HandshakeBounds>, preferred: (address: string) => boolean = () => false) {
  const clock = new JumpClock();
  const refused: string[] = [];
  const grpc = new GrpcServer({
    ...{ services: {}, keepaliveIntervalMs: 20_000, keepaliveTimeoutMs: 10_000, clock, preferred },
    ...{ handshakes: bounds, handshakeRefused: (reason) => refused.push(reason) },
  });
  await grpc.listen('127.0.0.1:0');
  open.push(() => grpc.close(0));
  const port = Number(grpc.address.split(':')[1]);
  return {
    ...{ grpc, clock, refused },
    silent: () => connected(port),
    client: (from?: string) => new Http2Client(connected(port, from)),
  };
}

function connected(port: number, localAddress?: string): Socket {
  const socket = connect({ port, host: '127.0.0.1', ...(localAddress && { localAddress }) });
  socket.on('error', () => {}).resume();
  open.push(() => socket.destroy());
  return socket;
}

/** What a gRPC client is below its calls. */
class Http2Client {
  readonly session: ClientHttp2Session;
  /** The server has spoken HTTP/2. */
  greeted = false;
  called = false;

  constructor(socket: Socket) {
    this.session = connectHttp2('http://127.0.0.1', { createConnection: () => socket });
    this.session.on('error', () => {});
    this.session.once('remoteSettings', () => {
      this.greeted = true;
    });
    open.push(() => this.session.destroy());
  }

  get over(): boolean {
    return this.session.closed || this.session.destroyed;
  }

  /** Resolves when it is answered. */
  async call(method = 'Check'): Promise<void> {
    this.called = true;
    const path = `/grpc.health.v1.Health/${method}`;
    const stream = this.session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const answered = once(stream, 'response');
    stream.on('error', () => {});
    stream.end(Buffer.alloc(5));
    await answered;
    stream.resume();
  }
}
