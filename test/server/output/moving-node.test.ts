import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { Connection } from '../../../agent/connection.ts';
import type { OutputReader } from '../../../agent/executor.ts';
import type { ExecutionId } from '../../../shared/ids.ts';
import { connect, eventually, MemoryEpochs, patternReader } from '../../harness/agent-connection.ts';
import { type EtcdServer, startEtcd } from '../../harness/etcd.ts';
import { FakeExecutor, testUid } from '../../harness/fake-executor.ts';
import { FleetReplica } from '../fleet/fleet-replica.ts';
import { Follower } from './follower.ts';

const lengthBytes = 12 * 1024 * 1024;

/** Has an execution with output that can be read from any byte on. */
class SpoolingExecutor extends FakeExecutor {
  override openRead(_execution: ExecutionId, _stream: string, from: number): OutputReader {
    return patternReader(lengthBytes, from)();
  }
}

let etcd: EtcdServer;
let clusters = 0;
let a: FleetReplica;
let b: FleetReplica;
const epochs = new MemoryEpochs();
const executor = new SpoolingExecutor();
const connections: Connection[] = [];

before(async () => {
  etcd = await startEtcd();
});
after(() => etcd.stop());
beforeEach(async () => {
  clusters += 1;
  epochs.highest = undefined;
  const store = `etcd://${etcd.endpoint}/moving-${clusters}`;
  a = await FleetReplica.start({ name: 'a', store, linked: true });
  b = await FleetReplica.start({ name: 'b', store, linked: true });
  await eventually(() => a.peers.link('b') !== undefined && b.peers.link('a') !== undefined, 'the link');
});
afterEach(async () => {
  for (const connection of connections.splice(0)) await connection.close();
  await Promise.all([a.close(), b.close()]);
});

async function dial(replica: FleetReplica): Promise<Connection> {
  const connection = connect([replica.address], executor, { epochs });
  connections.push(connection);
  await eventually(() => replica.fleet.session(testUid) !== undefined, `a session at ${replica.name}`);
  return connection;
}

/** Takes pieces until so many bytes are there, or all. */
async function readTo(follower: Follower, bytes: number): Promise<void> {
  const there = (): number =>
    follower.pieces.reduce((sum, piece) => sum + (piece.type === 'data' ? piece.data.length : 0), 0);
  await eventually(() => {
    if (there() < bytes) follower.take();
    return there() >= bytes || follower.over;
  }, `${bytes} bytes`);
}

async function readAll(follower: Follower): Promise<void> {
  await eventually(() => {
    follower.take();
    return follower.over;
  }, 'the end');
}

function assertWhole(follower: Follower): void {
  assert.deepEqual(follower.last, { type: 'end', offset: lengthBytes });
  const { bytes } = follower;
  assert.equal(bytes.length, lengthBytes);
  // A multiple of the pattern, which starts anew every 251 bytes.
  for (let at = 0; at < lengthBytes; at += 1) if (bytes[at] !== at % 251) assert.fail(`byte ${at} is another one`);
}

test('a reader on any replica reads from the one that holds the node', async () => {
  await dial(b);
  await eventually(() => a.peers.session(testUid) !== undefined, 'a to hear of the session');
  const followers = [new Follower(a.outputs, 0), new Follower(b.outputs, 0)];
  for (const follower of followers) {
    await readAll(follower);
    assertWhole(follower);
  }
});

test('a node that moves from replica to replica is followed by offset on both: no byte is missing, none comes twice', async () => {
  let connection = await dial(a);
  await eventually(() => b.peers.session(testUid) !== undefined, 'b to hear of the session');
  const [atA, atB] = [new Follower(a.outputs, 0), new Follower(b.outputs, 0)];
  let read = 0;
  for (const next of [b, a, b]) {
    read += 2 * 1024 * 1024;
    await Promise.all([readTo(atA, read), readTo(atB, read)]);
    await connection.close();
    connection = await dial(next);
  }
  for (const follower of [atA, atB]) await readAll(follower);
  for (const follower of [atA, atB]) assertWhole(follower);
});

test('a reader that finds its node nowhere waits, and begins when the node comes to the other replica', async () => {
  const follower = new Follower(a.outputs, lengthBytes - 300);
  follower.take();
  await dial(b);
  await readAll(follower);
  assert.deepEqual([follower.last, follower.bytes.length], [{ type: 'end', offset: lengthBytes }, 300]);
  assert.equal(follower.bytes[0], (lengthBytes - 300) % 251);
});
