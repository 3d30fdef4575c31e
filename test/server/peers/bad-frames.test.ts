import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { PeerFrame } from '../../../proto/gen/muster/peer/v1/PeerFrame.ts';
import type { ReadRequest } from '../../../proto/gen/muster/peer/v1/ReadRequest.ts';
import {
  type ControlMessage,
  controlCall,
  encodeControl,
  type ReadResponseMessage,
  readCall,
} from '../../../server/peers/peer-methods.ts';
import { keys } from '../../../server/store/keys.ts';
import { values } from '../../../server/store/values.ts';
import { fromServiceError } from '../../../shared/rpc/status.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { node, PeerRig, type TestPeer } from './test-peer.ts';

let rig: PeerRig;
let b: TestPeer;
const clients: Client[] = [];

beforeEach(async () => {
  rig = await PeerRig.start();
  b = await rig.peer('b', { leaseTermMs: 2000 });
  // Where nobody answers: the test itself speaks for it.
  const record = { name: 'a', address: '127.0.0.1:1', version: '1', startedUnixMs: 1, incarnation: 'of-a' };
  await rig.store.commit({ then: [{ put: keys.replica('a'), value: values.replica.encode(record) }] });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await rig.close();
});

function dial(): Client {
  const client = new Client(b.grpc.address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  clients.push(client);
  return client;
}

/** A replica that says whatever the test wants, bytes included. */
class Speaker {
  readonly heard: string[] = [];
  error: ReturnType<typeof fromServiceError> | undefined;
  readonly #stream: ClientDuplexStream<Buffer, ControlMessage>;

  constructor() {
    const { path, serialize, deserialize } = controlCall;
    this.#stream = dial().makeBidiStreamRequest<Buffer, ControlMessage>(path, serialize, deserialize, new Metadata());
    this.#stream.on('data', ({ frame }: ControlMessage) => this.heard.push(String(frame?.frame)));
    this.#stream.on('error', (error: ServiceError) => {
      this.error = fromServiceError(error);
    });
  }

  say(frame: PeerFrame | Buffer): this {
    this.#stream.write(Buffer.isBuffer(frame) ? frame : encodeControl(frame));
    return this;
  }

  /** Says who it is, and waits for the answer. */
  async greet(): Promise<this> {
    this.say(hello);
    await eventually(() => this.heard.includes('hello'), 'an answer to hello');
    return this;
  }

  async refused(): Promise<[string | undefined, string | undefined]> {
    await eventually(() => this.error !== undefined, 'a refusal');
    return [this.error?.reason, this.error?.field];
  }
}

const hello = { hello: { replica: 'a', incarnation: 'of-a', version: '1' } };
const snapshotEnd = { sessionsOpened: { sessions: [], snapshotEnd: true } };
const epoch = { era: 1, revision: 1 };
const opened = (session: object): PeerFrame => ({ sessionsOpened: { sessions: [session] } });

const strangers: [string, (PeerFrame | Buffer)[], string, string][] = [
  ['a frame before hello', [snapshotEnd], 'FRAME_INVALID', 'frame'],
  ['a hello without a name', [{ hello: { incarnation: 'x' } }], 'FRAME_INVALID', 'hello.replica'],
  ['a hello without an incarnation', [{ hello: { replica: 'a' } }], 'FRAME_INVALID', 'hello.incarnation'],
  ['the name of the replica itself', [{ hello: { replica: 'b', incarnation: 'x' } }], 'FRAME_INVALID', 'hello.replica'],
  ['a name that should be dialled', [{ hello: { replica: 'c', incarnation: 'x' } }], 'FRAME_INVALID', 'hello.replica'],
  ['a name of nobody', [{ hello: { replica: '0', incarnation: 'x' } }], 'REPLICA_NAME_TAKEN', 'hello.replica'],
  ['another process', [{ hello: { replica: 'a', incarnation: 'x' } }], 'REPLICA_NAME_TAKEN', 'hello.incarnation'],
  ['bytes that are no frame', [Buffer.from([0xff, 0xff, 0xff])], 'FRAME_INVALID', 'frame'],
  ['an empty message', [Buffer.alloc(0)], 'FRAME_INVALID', 'frame'],
];
for (const [what, frames, reason, field] of strangers) {
  test(`${what} is refused, naming ${field}`, async () => {
    const speaker = new Speaker();
    for (const frame of frames) speaker.say(frame);
    assert.deepEqual(await speaker.refused(), [reason, field]);
    assert.deepEqual(speaker.heard, []);
    assert.deepEqual(b.sink.said, []);
  });
}

const at0 = 'sessions_opened.sessions[0]';
const badFrames: [string, PeerFrame | Buffer, string][] = [
  ['a second hello', hello, 'hello'],
  ['a frame of no kind', encodeControl({}), 'frame'],
  ['bytes that are no frame', Buffer.from([0x0a, 0xff]), 'frame'],
  ['more than 4 MiB', Buffer.alloc(4 * 1024 * 1024 + 1), 'frame'],
  ['a frame about jobs before the snapshot', { watchJob: { job: 'j' } }, 'frame'],
  ['a session of no uid', opened({ uid: '../x', epoch }), `${at0}.uid`],
  ['a session without an epoch', opened({ uid: node(1) }), `${at0}.epoch`],
  ['an epoch beyond reason', opened({ uid: node(1), epoch: { era: 2 ** 60, revision: 1 } }), `${at0}.epoch.era`],
  [
    'an execution of another node',
    opened({ uid: node(1), epoch, executions: [{ execution: `${node(9)}/${node(2)}/1` }] }),
    `${at0}.executions[0].execution`,
  ],
  [
    'more than 512 sessions in a frame',
    { sessionsOpened: { sessions: Array.from({ length: 513 }, (_, n) => ({ uid: node(n), epoch })) } },
    'sessions_opened.sessions',
  ],
  [
    'a closed session of no uid',
    { sessionsClosed: { sessions: [{ uid: '', epoch }] } },
    'sessions_closed.sessions[0].uid',
  ],
];
for (const [what, frame, field] of badFrames) {
  test(`on an open link ${what} ends it, naming ${field}, and what it had told is over`, async () => {
    const speaker = (await new Speaker().greet()).say(opened({ uid: node(7), epoch }));
    await b.tells('opened 7 1.1 at a');
    speaker.say(frame);
    assert.deepEqual(await speaker.refused(), ['FRAME_INVALID', field]);
    assert.deepEqual(b.sink.said, ['opened 7 1.1 at a', 'closed 7 1.1 at a']);
  });
}

test('a second end of the snapshot ends the link', async () => {
  const speaker = (await new Speaker().greet()).say(snapshotEnd).say(snapshotEnd);
  assert.deepEqual(await speaker.refused(), ['FRAME_INVALID', 'sessions_opened.snapshot_end']);
  assert.deepEqual(b.sink.said, ['up a', 'down a']);
});

test('what is said before hello is answered is refused', async () => {
  const speaker = new Speaker().say({ hello: { replica: 'a', incarnation: 'x' } }).say(snapshotEnd);
  assert.deepEqual(await speaker.refused(), ['FRAME_INVALID', 'frame']);
});

test('a stream without a word is given up', async () => {
  assert.deepEqual(await new Speaker().refused(), ['FRAME_INVALID', 'hello']);
});

test('a newer link of the same peer takes the place of the older one', async () => {
  new Speaker()
    .say(hello)
    .say(opened({ uid: node(7), epoch }))
    .say(snapshotEnd);
  await b.tells('up a');
  const link = b.peers.link('a');
  (await new Speaker().greet()).say(snapshotEnd);
  await b.tells('up a', 2);
  assert.deepEqual(b.sink.said, ['opened 7 1.1 at a', 'up a', 'closed 7 1.1 at a', 'down a', 'up a']);
  assert.ok(link && !link.live);
});

test('a late end of an older session leaves the newer one alone', async () => {
  const speaker = (await new Speaker().greet()).say(opened({ uid: node(7), epoch: { era: 1, revision: 5 } }));
  speaker.say({ sessionsClosed: { sessions: [{ uid: node(7), epoch: { era: 1, revision: 4 } }] } }).say(snapshotEnd);
  await b.tells('up a');
  assert.equal(b.peers.session(node(7))?.epoch.revision, 5);
});

const execution = `${node(9)}/${node(1)}/1`;
const stream = 'OUTPUT_STREAM_STDOUT';
const good = { execution, stream, from: 0, until: 10 } as const;
const badReads: [string, ReadRequest | Buffer, string][] = [
  ['without a read', { uid: node(1) }, 'read'],
  ['of no uid', { uid: 'x', read: good }, 'uid'],
  ['of an execution of another node', { uid: node(2), read: good }, 'read.execution'],
  ['of no stream', { uid: node(1), read: { ...good, stream: 0 } }, 'read.stream'],
  ['that ends before it begins', { uid: node(1), read: { ...good, from: 11 } }, 'read.until'],
  ['up to beyond reason', { uid: node(1), read: { ...good, until: 2 ** 60 } }, 'read.until'],
  ['of bytes that are no request', Buffer.from([0xff, 0xff]), 'request'],
];
for (const [what, request, field] of badReads) {
  test(`a read ${what} is refused, naming ${field}`, async () => {
    b.sessions.open(node(1), epoch);
    const { path, serialize, deserialize } = readCall;
    const call = dial().makeBidiStreamRequest<ReadRequest | Buffer, ReadResponseMessage>(
      path,
      (what: ReadRequest | Buffer) => (Buffer.isBuffer(what) ? what : serialize(what)),
      deserialize,
      new Metadata(),
    );
    let error: ReturnType<typeof fromServiceError> | undefined;
    call.on('data', () => {});
    call.on('error', (refusal: ServiceError) => {
      error = fromServiceError(refusal);
    });
    call.write(request);
    await eventually(() => error !== undefined, 'a refusal');
    assert.deepEqual([error?.reason, error?.field], ['FRAME_INVALID', field]);
    assert.equal(b.sessions.reads.length, 0);
  });
}
