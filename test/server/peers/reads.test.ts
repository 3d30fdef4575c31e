import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { ReadOptions } from '../../../server/fleet/session.ts';
import type { OutputPiece } from '../../../server/output/output-piece.ts';
import { Outputs } from '../../../server/output/outputs.ts';
import type { ExecutionId } from '../../../shared/ids.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { patternAt } from './fake-sessions.ts';
import { node, PeerRig, type TestPeer } from './test-peer.ts';

let rig: PeerRig;
let a: TestPeer;
let b: TestPeer;
beforeEach(async () => {
  rig = await PeerRig.start();
  [a, b] = await rig.pair({ leaseTermMs: 3000 }, { leaseTermMs: 3000, proxied: true });
});
afterEach(() => rig.close());

const epoch = (revision: number) => ({ era: 1, revision });
const executionOn = (n: number): ExecutionId => `${node(999)}/${node(n)}/1` as ExecutionId;
const readOf = (n: number, from: number, until: number): ReadOptions => ({
  ...{ execution: executionOn(n), stream: 'OUTPUT_STREAM_STDOUT', from, until },
});

class Sink {
  readonly said: string[] = [];
  readonly data: Buffer[] = [];
  piece({ offset, data, end, present }: { offset: number; data: Buffer; end: boolean; present: boolean }): void {
    if (data.length > 0) this.data.push(Buffer.from(data));
    if (end || present) this.said.push(`${end ? 'end' : 'present'} at ${offset}`);
  }
  failed(error: string): void {
    this.said.push(`failed ${error}`);
  }
  lost(): void {
    this.said.push('lost');
  }
  get bytes(): number {
    return this.data.reduce((sum, { length }) => sum + length, 0);
  }
  async says(what: string): Promise<void> {
    await eventually(() => this.said.includes(what), `"${what}" (${this.said.join('; ')})`);
  }
}

/** Waits for the node to turn up at `at`, and for the connection to read from it. */
async function readable(at: TestPeer, n: number): Promise<void> {
  await eventually(() => at.peers.session(node(n)) !== undefined, `a session of ${n}`);
  await eventually(() => {
    const warm = at.peers.read(node(n), readOf(n, 0, 0), new Sink());
    warm?.close();
    return warm !== undefined;
  }, 'a connection');
}

/** Everything a reader gets, from 0 to the end. */
async function follow(
  at: TestPeer,
  n: number,
  onPiece: (piece: OutputPiece, got: number) => unknown = () => {},
): Promise<Buffer> {
  const outputs = new Outputs({ source: at.peers });
  const got: Buffer[] = [];
  let bytes = 0;
  const what = { execution: executionOn(n), node: node(n), stream: 'OUTPUT_STREAM_STDOUT' as const };
  for await (const piece of outputs.follow({ ...what, from: 0, signal: AbortSignal.timeout(30_000) })) {
    if (piece.type === 'data') {
      assert.equal(piece.offset, bytes);
      got.push(Buffer.from(piece.data));
      bytes += piece.data.length;
    }
    if (piece.type === 'unavailable') throw new Error(piece.reason);
    await onPiece(piece, bytes);
  }
  return Buffer.concat(got);
}

test('a read through a peer yields the same bytes, of either side of the pair', async () => {
  const size = 3_000_001;
  b.sessions.sizes.set(node(1), size);
  b.sessions.open(node(1), epoch(1));
  a.sessions.sizes.set(node(2), size);
  a.sessions.open(node(2), epoch(2));
  const [one, two] = await Promise.all([follow(a, 1), follow(b, 2)]);
  assert.ok(one.equals(patternAt(0, size)));
  assert.ok(two.equals(patternAt(0, size)));
  assert.ok(b.sessions.reads.every((read) => !read.open));
});

test('a read goes on where it was after the node has moved to another replica', async () => {
  const c = await rig.peer('c', { leaseTermMs: 3000 });
  await rig.linked(a, c);
  const size = 2_000_000;
  b.sessions.open(node(1), epoch(1));
  let moved = false;
  const done = follow(a, 1, (_, got) => {
    if (moved || got < 100_000) return;
    moved = true;
    b.sessions.close(node(1));
    c.sessions.sizes.set(node(1), size);
    c.sessions.open(node(1), epoch(2));
  });
  await eventually(() => b.sessions.reads.length === 1, 'the read at b');
  const first = b.sessions.reads[0];
  assert.ok(first);
  let sent = 0;
  while (!moved) {
    const until = Math.min(first.until, sent + 5000);
    if (until > sent) {
      const output = {
        readId: 1,
        offset: sent,
        data: patternAt(sent, until),
        gap: null,
        end: false,
        error: '',
        present: false,
      };
      first.sink.piece(output);
      sent = until;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok((await done).equals(patternAt(0, size)));
  assert.ok((c.sessions.reads[0]?.options.from ?? 0) >= 100_000);
});

test('a cut in the middle of a read costs no byte', async () => {
  const size = 4_000_000;
  b.sessions.sizes.set(node(1), size);
  b.sessions.open(node(1), epoch(1));
  let cuts = 0;
  const got = await follow(a, 1, (_, bytes) => {
    if (bytes < (cuts + 1) * 500_000 || cuts === 3) return;
    cuts += 1;
    b.proxy?.cut();
  });
  assert.equal(cuts, 3);
  assert.ok(got.equals(patternAt(0, size)));
});

test('a holder that does not hold the node any more says so; reading waits and does not ask in a loop', async () => {
  b.sessions.sizes.set(node(1), 10);
  b.sessions.open(node(1), epoch(1));
  await readable(a, 1);
  const before = b.sessions.reads.length;
  // Gone without a word: the other side has not heard of its end.
  const session = b.sessions.sessions.get(node(1));
  assert.ok(session);
  b.sessions.sessions.delete(node(1));
  const sink = new Sink();
  assert.ok(a.peers.read(node(1), readOf(1, 0, 10), sink));
  await sink.says('lost');
  assert.equal(a.peers.read(node(1), readOf(1, 0, 10), sink), undefined);
  let back = 0;
  a.peers.whenBack(node(1), () => {
    back += 1;
  });
  b.sessions.sessions.set(node(1), session);
  await eventually(() => back === 1, 'the node to be back');
  assert.equal(b.sessions.reads.length, before);
  const again = new Sink();
  assert.ok(a.peers.read(node(1), readOf(1, 0, 10), again));
  await again.says('end at 10');
});

test('when a node turns up anywhere whoever waits for it is told once', async () => {
  let back = 0;
  let forgotten = 0;
  a.peers.whenBack(node(1), () => {
    back += 1;
  });
  a.peers.whenBack(node(1), () => {
    forgotten += 1;
  })();
  assert.equal(a.peers.read(node(1), readOf(1, 0, 1), new Sink()), undefined);
  b.sessions.open(node(1), epoch(1));
  await eventually(() => back === 1, 'the node');
  b.sessions.open(node(1), epoch(2));
  await a.tells('opened 1 1.2 at b');
  assert.equal(back, 1);
  assert.equal(forgotten, 0);
});

test('what the agent can not serve is told as it is', async () => {
  b.sessions.open(node(1), epoch(1));
  await readable(a, 1);
  const sink = new Sink();
  a.peers.read(node(1), readOf(1, 5, 10), sink);
  await eventually(() => b.sessions.reads.some(({ options }) => options.from === 5), 'the read');
  b.sessions.reads.find(({ options }) => options.from === 5)?.sink.failed('unknown-execution');
  await sink.says('failed unknown-execution');
  assert.deepEqual(sink.said, ['failed unknown-execution']);
});

test('credit is passed on, and a read that is closed is closed at the holder', async () => {
  b.sessions.sizes.set(node(1), 1000);
  b.sessions.open(node(1), epoch(1));
  await readable(a, 1);
  const sink = new Sink();
  const handle = a.peers.read(node(1), readOf(1, 100, 200), sink);
  await eventually(() => sink.bytes === 100, '100 bytes');
  handle?.extend(300);
  await eventually(() => sink.bytes === 200, '200 bytes');
  const read = b.sessions.reads.find(({ options }) => options.from === 100);
  assert.ok(read?.open);
  assert.equal(read.position, 300);
  handle?.close();
  await eventually(() => !read.open, 'the end of the read');
  assert.ok(Buffer.concat(sink.data).equals(patternAt(100, 300)));
  assert.deepEqual(sink.said, []);
});

test('a holder asks its node for little more than the reader has taken, whatever the reader asks for', async () => {
  const size = 64 * 1024 * 1024;
  b.sessions.sizes.set(node(1), size);
  b.sessions.open(node(1), epoch(1));
  await readable(a, 1);
  b.proxy?.pause();
  const sink = new Sink();
  a.peers.read(node(1), readOf(1, 3, size), sink);
  b.proxy?.resume();
  await eventually(() => sink.bytes > 0, 'the first bytes');
  b.proxy?.pause();
  const read = b.sessions.reads.find(({ options }) => options.from === 3);
  assert.ok(read);
  let last = -1;
  // What is on its way settles in the sockets and windows; then nothing more is asked for.
  await eventually(() => {
    const still = read.position === last;
    last = read.position;
    return still;
  }, 'a stand-still');
  assert.ok(read.position < 24 * 1024 * 1024, `${read.position} bytes`);
  b.proxy?.resume();
  await sink.says(`end at ${size}`);
  assert.equal(sink.bytes, size - 3);
});

test('a thousand short reads harm neither the connection nor the link', async () => {
  b.sessions.sizes.set(node(1), 1_000_000);
  b.sessions.open(node(1), epoch(1));
  await readable(a, 1);
  const link = a.peers.link('b');
  const served = b.proxy?.served;
  for (let round = 0; round < 4; round += 1) {
    const sinks = Array.from({ length: 300 }, () => new Sink());
    const handles = sinks.map((sink) => a.peers.read(node(1), readOf(1, 0, 100), sink));
    await eventually(() => sinks.every((sink) => sink.bytes === 100), 'three hundred reads');
    for (const handle of handles) handle?.close();
  }
  await eventually(() => b.sessions.reads.every(({ open }) => !open), 'their end');
  assert.equal(a.peers.link('b'), link);
  assert.equal(b.proxy?.served, served);
});
