import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { baseCreditBytes } from '../../../server/output/credit.ts';
import { Outputs } from '../../../server/output/outputs.ts';
import { FakeNode } from './fake-node.ts';
import { Follower } from './follower.ts';

const kibibyte = 1024;
const pattern = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, at) => (at * 7 + (at >> 8)) % 256));

function world(content: Buffer): { node: FakeNode; outputs: Outputs } {
  const node = new FakeNode(content);
  return { node, outputs: new Outputs({ source: node }) };
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 3; turns += 1) await turn();
}

/** Lets the node send and the readers take until all of them have their last piece. */
async function finish(node: FakeNode, readers: readonly Follower[], pieceBytes = 64 * kibibyte): Promise<void> {
  for (let round = 0; readers.some((reader) => !reader.over); round += 1) {
    assert.ok(round < 5000, 'readers wait in vain');
    for (const reader of readers) reader.take();
    for (const read of node.open) node.send(read, pieceBytes);
    await turn();
  }
}

test('two readers of the same place share one read on the node', async () => {
  const content = pattern(300 * kibibyte);
  const { node, outputs } = world(content);
  const readers = [new Follower(outputs, 0), new Follower(outputs, 0)];
  await finish(node, readers);
  assert.equal(node.reads.length, 1);
  for (const reader of readers) {
    assert.ok(reader.bytes.equals(content));
    assert.deepEqual(reader.last, { type: 'end', offset: content.length });
  }
  assert.deepEqual([outputs.reads, outputs.lentBytes], [0, 0]);
});

test('a reader a little slower finds what it needs in the ring; one that falls out gets a read of its own', async () => {
  for (const [behind, reads] of [
    [100 * kibibyte, 1],
    [2000 * kibibyte, 2],
  ] as const) {
    const content = pattern(behind + 500 * kibibyte);
    const { node, outputs } = world(content);
    const [fast, slow] = [new Follower(outputs, 0), new Follower(outputs, 0)];
    slow.take();
    while (fast.bytes.length < behind) {
      fast.take();
      for (const read of node.open) node.send(read, 16 * kibibyte);
      await turn();
    }
    await finish(node, [fast, slow], 16 * kibibyte);
    assert.equal(node.reads.length, reads);
    assert.ok(fast.bytes.equals(content));
    assert.ok(slow.bytes.equals(content));
  }
});

test('a reader that comes later gets exactly its bytes, cut where it begins', async () => {
  const content = pattern(20 * kibibyte);
  const { node, outputs } = world(content);
  node.ended = false;
  const [first, second] = [new Follower(outputs, 0), new Follower(outputs, 0)];
  first.take();
  second.take();
  await settle();
  const [read] = node.open;
  assert.ok(read);
  node.send(read, 5000);
  await settle();
  const late = new Follower(outputs, 1234);
  const ahead = new Follower(outputs, 5000);
  ahead.take();
  node.ended = true;
  await finish(node, [first, second, late, ahead]);
  assert.equal(node.reads.length, 1);
  assert.ok(late.bytes.equals(content.subarray(1234)));
  assert.ok(ahead.bytes.equals(content.subarray(5000)));
});

test('a reader that begins ahead of one that stands still misses nothing that comes in small pieces', async () => {
  const content = pattern(3000);
  const { node, outputs } = world(content);
  const still = new Follower(outputs, 0);
  still.take();
  await settle();
  const [read] = node.open;
  assert.ok(read);
  node.send(read, 10);
  await settle();
  node.send(read, 10);
  const ahead = new Follower(outputs, 20);
  ahead.take();
  await settle();
  node.send(read, 10);
  await finish(node, [still, ahead]);
  assert.equal(node.reads.length, 1);
  assert.ok(ahead.bytes.equals(content.subarray(20)));
  assert.ok(still.bytes.equals(content));
});

test('a stalled reader holds no more than its credit, in few pieces however small they come', async () => {
  const { node, outputs } = world(pattern(4096 * kibibyte));
  const reader = new Follower(outputs, 0);
  reader.take();
  await settle();
  const [read] = node.open;
  assert.ok(read);
  for (let sent = 0; node.send(read, 1); sent += 1) if (sent === 1) await settle();
  assert.ok(read.position <= baseCreditBytes + 2 * kibibyte * 8, `${read.position} bytes were asked for`);
  while (reader.bytes.length < read.position) {
    reader.take();
    await turn();
  }
  assert.ok(reader.pieces.length < 20, `${reader.pieces.length} pieces for ${read.position} bytes`);
  await reader.leave();
  assert.deepEqual([outputs.reads, outputs.lentBytes], [0, 0]);
});

test('a read goes on in the next session from where it was, and a stalled one is not sent more with every session', async () => {
  const content = pattern(200 * kibibyte);
  const { node, outputs } = world(content);
  const reader = new Follower(outputs, 0);
  reader.take();
  await settle();
  for (let session = 0; session < 20; session += 1) {
    for (const read of node.open) while (node.send(read, 4000));
    await settle();
    node.lose();
    await settle();
    assert.equal(node.waiting, 1);
    node.return();
  }
  assert.ok(
    (node.open[0]?.position ?? 0) <= 4 * baseCreditBytes,
    `${node.open[0]?.position} bytes wait for a reader that sleeps`,
  );
  await finish(node, [reader]);
  assert.ok(reader.bytes.equals(content));
});

test('a gap of unknown length is told once, in place, whatever session or read it comes in', async () => {
  const content = pattern(10_000);
  const { node, outputs } = world(content);
  node.lostAt.add(5000);
  const reader = new Follower(outputs, 0);
  reader.take();
  await settle();
  const [read] = node.open;
  assert.ok(read);
  while (reader.pieces.every(({ type }) => type !== 'gap')) {
    node.send(read, 5000, read.position !== 5000);
    reader.take();
    await turn();
  }
  node.lose();
  node.return();
  await finish(node, [reader]);
  assert.equal(reader.pieces.filter(({ type }) => type === 'gap').length, 1);
  assert.ok(reader.bytes.equals(content));
});

test('five readers in five places all come to their end, though four of them stand still', async () => {
  const content = pattern(3000 * kibibyte);
  const { node, outputs } = world(content);
  const places = [0, 700, 1400, 2100, 2800].map((at) => at * kibibyte);
  const still: Follower[] = [];
  for (const from of places.slice(0, 4)) {
    const reader = new Follower(outputs, from);
    still.push(reader);
    reader.take();
    await settle();
    const read = node.open.at(-1);
    assert.ok(read);
    while (node.send(read, 1000));
    await settle();
  }
  const fifth = new Follower(outputs, places[4] ?? 0);
  await finish(node, [fifth]);
  assert.ok(fifth.bytes.equals(content.subarray(places[4])));
  assert.ok(node.open.length <= 4);
  await finish(node, still);
  for (const [index, reader] of still.entries()) assert.ok(reader.bytes.equals(content.subarray(places[index])));
  assert.deepEqual([outputs.reads, outputs.lentBytes, node.open.length], [0, 0, 0]);
});

test('what the agent refuses ends as unavailable with its reason, and whoever comes next may try again', async () => {
  for (const reason of ['too-many-reads', 'unknown-execution', 'io']) {
    const { node, outputs } = world(pattern(10));
    const reader = new Follower(outputs, 3);
    reader.take();
    await settle();
    node.open[0]?.sink.failed(reason);
    await settle();
    assert.deepEqual(reader.pieces, [{ type: 'unavailable', offset: 3, reason }]);
    const next = new Follower(outputs, 3);
    next.take();
    await settle();
    assert.equal(node.reads.length, 2);
    await next.leave();
  }
});

test('an agent that skips, repeats or sends more than it was asked for is not believed, and its read is closed', async () => {
  const data = Buffer.from('abc');
  const bad = [{ offset: 1, data }, { data: Buffer.alloc(baseCreditBytes + 1) }, { end: true, offset: 7 }];
  for (const output of [...bad, { gap: { from: 2, until: 9, reason: 'bound' } }]) {
    const { node, outputs } = world(pattern(10));
    const reader = new Follower(outputs, 0);
    reader.take();
    await settle();
    const [read] = node.open;
    assert.ok(read);
    node.frame(read, output);
    await settle();
    assert.deepEqual(reader.pieces, [{ type: 'unavailable', offset: 0, reason: 'io' }]);
    assert.equal(read.open, false);
  }
});

test('a read until the present is shared with nobody and ends at what there was', async () => {
  const { node, outputs } = world(pattern(100));
  node.ended = false;
  const [live, present] = [new Follower(outputs, 0), new Follower(outputs, 0, { untilPresent: true })];
  live.take();
  present.take();
  await settle();
  const [, read] = node.open;
  assert.equal(read?.options.untilPresent, true);
  assert.ok(read);
  node.send(read, 100);
  node.frame(read, { present: true });
  while (!present.over) {
    present.take();
    await turn();
  }
  assert.deepEqual(present.last, { type: 'present', offset: 100 });
  assert.deepEqual(live.pieces, []);
  await live.leave();
});

const action = fc.oneof(
  fc.record({ type: fc.constant('take' as const), who: fc.nat(5), times: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ type: fc.constant('send' as const), which: fc.nat(5), bytes: fc.integer({ min: 1, max: 65_536 }) }),
  fc.record({ type: fc.constant('join' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({ type: fc.constant('leave' as const), who: fc.nat(5) }),
  fc.constant({ type: 'lose' as const }),
  fc.constant({ type: 'return' as const }),
);

test('whatever pieces, readers and sessions come and go, every reader sees exactly its bytes and nothing stays behind', async () => {
  const shape = {
    length: fc.integer({ min: 0, max: 900_000 }),
    lost: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
    actions: fc.array(action, { maxLength: 120 }),
  };
  await fc.assert(
    fc.asyncProperty(fc.record(shape), async ({ length, lost, actions }) => {
      const content = pattern(length);
      const { node, outputs } = world(content);
      for (const share of lost) node.lostAt.add(Math.floor(share * length));
      const readers: { reader: Follower; from: number; left: boolean }[] = [];
      const join = (from: number): void => {
        readers.push({ reader: new Follower(outputs, from), from, left: false });
      };
      join(0);
      for (const step of actions) {
        const one = 'who' in step ? readers[step.who % readers.length] : undefined;
        if (step.type === 'take') {
          for (let times = 0; times < step.times; times += 1) {
            one?.reader.take();
            await turn();
          }
        } else if (step.type === 'send') {
          const read = node.open[step.which % Math.max(1, node.open.length)];
          if (read) node.send(read, step.bytes, true);
        } else if (step.type === 'join' && readers.length < 8) join(Math.floor(step.at * length));
        else if (step.type === 'leave' && one) {
          one.left = true;
          await one.reader.leave();
        } else if (step.type === 'lose') node.lose();
        else if (step.type === 'return') node.return();
        assert.ok(node.open.length <= 4);
      }
      node.return();
      await finish(
        node,
        readers.map(({ reader }) => reader),
      );
      for (const { reader, from, left } of readers) {
        const expected = content.subarray(from);
        assert.ok(
          left ? reader.bytes.equals(expected.subarray(0, reader.bytes.length)) : reader.bytes.equals(expected),
        );
        if (!left) assert.deepEqual(reader.last, { type: 'end', offset: length });
      }
      assert.deepEqual([outputs.reads, outputs.lentBytes, node.open.length, node.waiting], [0, 0, 0, 0]);
    }),
    { numRuns: 60 },
  );
});
