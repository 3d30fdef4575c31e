import type { InclusionProof__Output } from '../proto/gen/muster/v1/InclusionProof.ts';
import { MusterError } from '../shared/errors.ts';
import { type ExecutionId, type NodeUid, parseExecutionId } from '../shared/ids.ts';
import { verifyInclusion } from '../shared/merkle.ts';
import { decodeOrder, type ValidOrder } from '../shared/order.ts';

/** An order that may run here, or why it may not: `reason` is the result's, `message` names the field. */
export type Verdict = { readonly order: ValidOrder } | { readonly refusal: Refusal };

export interface Refusal {
  readonly reason: 'order' | 'wrong-job' | 'wrong-node' | 'attempt' | 'proof' | 'output-bound' | 'containment';
  readonly message: string;
}

/**
 * Judges an offered order before anything is promised: its bounds, that it is this job's, that this node is in its plan. What
 * needs the clock (expiry, deadline) is judged when it would start.
 */
export function verifyOrder(offer: {
  readonly execution: ExecutionId;
  readonly order: Buffer;
  readonly proof: InclusionProof__Output;
  readonly uid: NodeUid;
  readonly containment: 'cgroup' | 'marker';
  readonly maxOutputBoundBytes: number;
}): Verdict {
  const { execution, uid, proof, containment, maxOutputBoundBytes } = offer;
  const parts = parseExecutionId(execution);
  if (parts === undefined) return refuse('wrong-job', 'execution: this is no execution id');
  if (parts.node !== uid) return refuse('wrong-node', `execution: it is for node ${parts.node}, this is ${uid}`);
  let order: ValidOrder;
  try {
    order = decodeOrder(offer.order);
  } catch (error) {
    if (error instanceof MusterError) return refuse('order', error.message);
    throw error;
  }
  if (order.id !== parts.job) return refuse('wrong-job', `order.id: it is ${order.id}, offered as job ${parts.job}`);
  // Orders with retries are refused by their bounds until retries exist, so there is no second attempt.
  if (parts.attempt > 1) return refuse('attempt', `execution: attempt ${parts.attempt} of an order that allows one`);
  const claim = { root: order.planRoot, count: order.planCount, uid, proof };
  if (!verifyInclusion(claim)) return refuse('proof', 'proof: it does not show that this node is in the order’s plan');
  const bound = order.limits.outputBoundBytes;
  if (bound > maxOutputBoundBytes) {
    const message = `order.limits.output_bound_bytes: ${bound} is more than the ${maxOutputBoundBytes} that this node allows`;
    return refuse('output-bound', message);
  }
  if (order.command.containment === 'cgroup' && containment !== 'cgroup') {
    return refuse('containment', 'order.command.containment: this node has no cgroup to be had, only marker');
  }
  return { order };
}

const refuse = (reason: Refusal['reason'], message: string): Verdict => ({ refusal: { reason, message } });
