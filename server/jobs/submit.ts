import { createHash } from 'node:crypto';
import { invalidField, MusterError } from '../../shared/errors.ts';
import { isNodeUid, type NodeUid } from '../../shared/ids.ts';
import { PlanTree } from '../../shared/merkle.ts';
import { checkTimes, decodeOrder, type ValidOrder } from '../../shared/order.ts';
import { orderSignatureFault } from '../../shared/signing/order-signature.ts';
import type { Target } from './job-store.ts';

/** What `Submit` takes. */
export interface Submission {
  readonly orderBytes: Buffer;
  readonly targets: readonly string[];
  readonly signature: Buffer;
  readonly stdin: Buffer;
  readonly traceparent: string;
}

/** A submission that keeps every rule. */
export interface CheckedSubmission {
  readonly order: ValidOrder;
  readonly targets: readonly Target[];
  readonly tree: PlanTree;
}

/**
 * Checks a submission against itself and against the nodes there are; `nameOf` answers undefined for an unknown uid.
 * INVALID_FIELD, PLAN_MISMATCH or UNKNOWN_NODE, naming the field.
 */
export function checkSubmission(
  submission: Submission,
  nowUnixMs: number,
  nameOf: (uid: NodeUid) => string | undefined,
): CheckedSubmission {
  const order = decodeOrder(submission.orderBytes);
  checkTimes(order, nowUnixMs);
  const fault = orderSignatureFault(submission.signature);
  if (fault !== undefined) throw invalidField('signature', fault);
  checkStdin(order, submission.stdin);
  if (submission.targets.length !== order.planCount) {
    throw mismatch(`${submission.targets.length} targets came with an order for ${order.planCount}`);
  }
  const targets: Target[] = [];
  const seen = new Set<string>();
  for (const [index, uid] of submission.targets.entries()) {
    const field = `targets[${index}]`;
    if (!isNodeUid(uid)) throw invalidField(field, 'must be 32 lower-case hex digits');
    if (seen.has(uid)) throw invalidField(field, `${uid} is there twice`);
    seen.add(uid);
    const name = nameOf(uid);
    if (name === undefined) throw new MusterError('UNKNOWN_NODE', `${field}: no node has uid ${uid}`, { field });
    targets.push({ uid, name });
  }
  const tree = new PlanTree(submission.targets);
  if (!tree.root.equals(order.planRoot)) throw mismatch('the targets have another Merkle root than the order says');
  return { order, targets, tree };
}

function checkStdin(order: ValidOrder, stdin: Buffer): void {
  const expected = order.stdin?.bytes ?? 0;
  if (stdin.length !== expected) throw invalidField('stdin', `${stdin.length} bytes came; the order says ${expected}`);
  if (order.stdin && !createHash('sha256').update(stdin).digest().equals(order.stdin.digest)) {
    throw invalidField('stdin', 'has another SHA-256 than the order says');
  }
}

const mismatch = (message: string): MusterError =>
  new MusterError('PLAN_MISMATCH', `targets: ${message}`, { field: 'targets' });
