import { createHash } from 'node:crypto';

/**
 * Merkle trees as in RFC 6962: SHA-256, a leaf hashes as `00 ‖ data`, a node as `01 ‖ left ‖ right`, and a tree of n leaves
 * splits at the largest power of two below n. The empty tree is SHA-256 of nothing.
 */

/** How a node stands in the plan: the sibling hashes from the leaf up, 32 bytes each. */
export interface InclusionProof {
  /** Index in rollout order, from 0. */
  readonly index: number;
  readonly siblings: readonly Buffer[];
}

const hashBytes = 32;
const leafPrefix = Buffer.from([0]);
const nodePrefix = Buffer.from([1]);
/** A leaf of a plan is this and the 16 raw bytes of the uid. The index needs no place in it: the tree's shape binds it. */
const planLeafTag = Buffer.from('muster.v1.plan\0');

const sha256 = (...parts: readonly Buffer[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const leafHash = (data: Buffer): Buffer => sha256(leafPrefix, data);
const nodeHash = (left: Buffer, right: Buffer): Buffer => sha256(nodePrefix, left, right);

/** All levels from the leaves' hashes up to the root; a last one without a sibling moves up as it is. */
function buildLevels(leaves: readonly Buffer[]): Buffer[][] {
  let level = leaves.map(leafHash);
  const levels = [level];
  while (level.length > 1) {
    const above: Buffer[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at], level[at + 1]];
      if (left) above.push(right ? nodeHash(left, right) : left);
    }
    levels.push(above);
    level = above;
  }
  return levels;
}

const topOf = (levels: readonly (readonly Buffer[])[]): Buffer => levels.at(-1)?.[0] ?? sha256();

/** Root over raw leaf data, 32 bytes. */
export const merkleRoot = (leaves: readonly Buffer[]): Buffer => topOf(buildLevels(leaves));

function planLeaf(uid: string): Buffer {
  if (!/^[0-9a-f]{32}$/.test(uid)) throw new TypeError(`${JSON.stringify(uid)} is no node uid`);
  return Buffer.concat([planLeafTag, Buffer.from(uid, 'hex')]);
}

/** Root of a plan: over its node uids in rollout order. Throws TypeError on what is no uid. */
export const planRoot = (uids: readonly string[]): Buffer => merkleRoot(uids.map(planLeaf));

/** The whole tree of a plan, built once; a proof is then a few look-ups. 10,000 nodes take 0.6 MB. */
export class PlanTree {
  readonly root: Buffer;
  readonly count: number;
  readonly #levels: readonly (readonly Buffer[])[];

  constructor(uids: readonly string[]) {
    this.#levels = buildLevels(uids.map(planLeaf));
    this.root = topOf(this.#levels);
    this.count = uids.length;
  }

  /** Throws RangeError where the plan has no such index. */
  proof(index: number): InclusionProof {
    if (!Number.isInteger(index) || index < 0 || index >= this.count)
      throw new RangeError(`no node ${index} in the plan`);
    const siblings: Buffer[] = [];
    let at = index;
    for (const level of this.#levels.slice(0, -1)) {
      const sibling = level[at % 2 === 0 ? at + 1 : at - 1];
      if (sibling) siblings.push(sibling);
      at = Math.floor(at / 2);
    }
    return { index, siblings };
  }
}

/**
 * Whether the proof shows `uid` at `proof.index` of the plan with this root and count (RFC 9162, section 2.1.3.2). False, never
 * an error, for whatever else comes: an index past the count, hashes missing, too many or of another length, no uid.
 */
export function verifyInclusion(claim: {
  readonly root: Buffer;
  readonly count: number;
  readonly uid: string;
  readonly proof: InclusionProof;
}): boolean {
  const { root, count, uid, proof } = claim;
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(proof.index)) return false;
  if (proof.index < 0 || proof.index >= count || !/^[0-9a-f]{32}$/.test(uid)) return false;
  let at = proof.index;
  let last = count - 1;
  let hash = leafHash(planLeaf(uid));
  for (const sibling of proof.siblings) {
    if (last === 0 || sibling.length !== hashBytes) return false;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && hash.equals(root);
}

const half = (n: number): number => Math.floor(n / 2);
