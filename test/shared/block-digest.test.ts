import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { BlockDigest } from '../../shared/block-digest.ts';
import { readBytes, SpoolRig } from '../agent/spool/spool-rig.ts';

const mib = 1024 * 1024;
const sha256 = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();

/** RFC 6962, straight from its definition. */
function root(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only !== undefined && leaves.length === 1) return sha256(Buffer.from([0]), only);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(Buffer.from([1]), root(leaves.slice(0, split)), root(leaves.slice(split)));
}

const blocks = (data: Buffer): Buffer[] =>
  Array.from({ length: Math.ceil(data.length / mib) }, (_, at) => sha256(data.subarray(at * mib, (at + 1) * mib)));

test('the digest is the Merkle root over the hashes of 1 MiB blocks, however the bytes come', () => {
  for (const bytes of [1, mib - 1, mib, mib + 1, 3 * mib + 12345]) {
    const data = randomBytes(bytes);
    const digest = new BlockDigest();
    for (let at = 0, step = 1; at < bytes; at += step, step = (step * 7) % 300_007)
      digest.update(data.subarray(at, at + step));
    assert.ok(digest.finish().equals(root(blocks(data))), `${bytes} bytes`);
  }
});

test('a stream without a byte has an empty digest', () => {
  assert.equal(new BlockDigest().finish().length, 0);
});

test('blocks that miss bytes are gap leaves, named by block and reason', () => {
  const data = randomBytes(5 * mib);
  const digest = new BlockDigest();
  digest.update(data.subarray(0, mib + 10));
  digest.skip(3 * mib + 1, 'bound');
  digest.update(data.subarray(3 * mib + 1, 5 * mib));
  digest.skip(5 * mib + 7, 'corrupt');
  const gap = (from: number, until: number, reason: string): Buffer =>
    Buffer.from(`muster.v1.output-gap from=${from} until=${until} reason=${reason}`);
  const [first, , , , last] = blocks(data);
  assert.ok(first !== undefined && last !== undefined);
  const leaves = [
    first,
    gap(mib, 2 * mib, 'bound'),
    gap(2 * mib, 3 * mib, 'bound'),
    gap(3 * mib, 4 * mib, 'bound'),
    last,
    gap(5 * mib, 5 * mib + 7, 'corrupt'),
  ];
  assert.ok(digest.finish().equals(root(leaves)));
});

test('a settled stream has the digest of its bytes without the nonce', async (t) => {
  const rig = await SpoolRig.make(t, { segmentBytes: 300_000 });
  const spool = await rig.open();
  const data = randomBytes(2 * mib + 999);
  await rig.write('out', data);
  await rig.exit();
  const { stdout } = await spool.settle();
  assert.ok(stdout.digest.equals(root(blocks(data))));
});

test('a segment dropped before it was hashed is a gap leaf, one dropped after it is not', async (t) => {
  const rig = await SpoolRig.make(t, { segmentBytes: mib });
  const spool = await rig.open();
  const data = randomBytes(3 * mib);
  await rig.write('out', data);
  await readBytes(spool.openRead('stdout', 0), data.length);
  await rig.exit();
  const settled = await spool.settle();
  const segment = join(rig.dir, 'out.0000000000000000');
  const until = (await stat(segment)).size;
  await rm(segment);
  const again = await (await rig.open()).settle();
  const gap = Buffer.from(`muster.v1.output-gap from=0 until=${mib} reason=bound`);
  assert.ok(settled.stdout.digest.equals(root(blocks(data))));
  assert.ok(again.stdout.digest.equals(root([gap, ...blocks(data).slice(1)])));
  assert.deepEqual(again.stdout.gaps, [{ from: 0, until, reason: 'bound' }]);
});
