import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { merkleRoot, PlanTree, planRoot, verifyInclusion } from '../../shared/merkle.ts';

const sha = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();

/** RFC 6962, section 2.1, word for word. */
function naiveRoot(leaves: Buffer[]): Buffer {
  if (leaves.length === 0) return sha();
  if (leaves.length === 1) return sha(Buffer.from([0]), leaves[0] as Buffer);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha(Buffer.from([1]), naiveRoot(leaves.slice(0, split)), naiveRoot(leaves.slice(split)));
}

const uids = (count: number): string[] => Array.from({ length: count }, () => randomBytes(16).toString('hex'));

test('the root is the one of RFC 6962, for every shape of tree', () => {
  for (let count = 0; count <= 70; count++) {
    const leaves = Array.from({ length: count }, (_, at) => Buffer.from(`leaf ${at}`));
    assert.deepEqual(merkleRoot(leaves), naiveRoot(leaves), `${count} leaves`);
  }
});

test('the root of the certificate-transparency test vector comes out', () => {
  const vector = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const root = merkleRoot(vector.map((hex) => Buffer.from(hex, 'hex')));
  assert.equal(root.toString('hex'), '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328');
});

test('every node of a plan has a proof that verifies, and only at its own place', () => {
  for (let count = 1; count <= 40; count++) {
    const plan = uids(count);
    const tree = new PlanTree(plan);
    assert.deepEqual(tree.root, planRoot(plan));
    for (const [index, uid] of plan.entries()) {
      const proof = tree.proof(index);
      assert.ok(verifyInclusion({ root: tree.root, count, uid, proof }), `${index} of ${count}`);
      for (let other = 0; other < count + 2; other++) {
        const moved = { ...proof, index: other };
        assert.equal(verifyInclusion({ root: tree.root, count, uid, proof: moved }), other === index);
      }
    }
  }
});

test('a proof that was changed in any way does not verify', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), fc.nat(), (count, pick, flip) => {
      const plan = uids(count);
      const tree = new PlanTree(plan);
      const index = pick % count;
      const uid = plan[index] as string;
      const proof = tree.proof(index);
      const { root } = tree;
      assert.ok(verifyInclusion({ root, count, uid, proof }));
      const { siblings } = proof;
      const bad = [
        { root, count, uid: uids(1)[0] as string, proof },
        { root, count, uid: '../etc', proof },
        { root: sha(root), count, uid, proof },
        { root, count: index, uid, proof },
        { root, count, uid, proof: { index, siblings: [...siblings, root] } },
        { root, count, uid, proof: { index: -1, siblings } },
        { root, count, uid, proof: { index: 0.5, siblings } },
        { root, count: Number.NaN, uid, proof },
      ];
      if (siblings.length > 0) {
        const at = flip % siblings.length;
        const flipped = Buffer.from(siblings[at] as Buffer);
        flipped[flip % 32] = (flipped[flip % 32] as number) ^ 1;
        bad.push({ root, count, uid, proof: { index, siblings: siblings.with(at, flipped) } });
        bad.push({ root, count, uid, proof: { index, siblings: siblings.slice(1) } });
        bad.push({ root, count, uid, proof: { index, siblings: siblings.slice(0, -1) } });
        bad.push({ root, count, uid, proof: { index, siblings: siblings.with(at, flipped.subarray(1)) } });
      }
      for (const claim of bad) assert.equal(verifyInclusion(claim), false);
    }),
    { numRuns: 60 },
  );
});

test('a leaf can not be passed off as a node of the tree', () => {
  const left = Buffer.alloc(32, 1);
  const right = Buffer.alloc(32, 2);
  assert.notDeepEqual(merkleRoot([Buffer.concat([left, right])]), merkleRoot([left, right]));
});

test('the root of a larger plan does not verify under a smaller count', () => {
  const plan = uids(2);
  const { root } = new PlanTree(plan);
  const first = merkleRoot([Buffer.concat([Buffer.from('muster.v1.plan\0'), Buffer.from(plan[0] as string, 'hex')])]);
  const claim = { root, uid: plan[1] as string };
  assert.ok(verifyInclusion({ ...claim, count: 2, proof: { index: 1, siblings: [first] } }));
  assert.equal(verifyInclusion({ ...claim, count: 1, proof: { index: 0, siblings: [first] } }), false);
});

test('an index outside the plan and a text that is no uid are refused', () => {
  const tree = new PlanTree(uids(3));
  assert.throws(() => tree.proof(3), RangeError);
  assert.throws(() => tree.proof(-1), RangeError);
  assert.throws(() => tree.proof(0.5), RangeError);
  assert.throws(() => planRoot(['ABC']), TypeError);
  assert.equal(tree.proof(2).siblings.length, 1);
});

test('the longest proof of a plan of 100,000 has 17 hashes', () => {
  const tree = new PlanTree(uids(100_000));
  assert.equal(tree.proof(0).siblings.length, 17);
  assert.ok(tree.proof(99_999).siblings.length <= 17);
});
