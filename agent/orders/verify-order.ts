import type { InclusionProof__Output } from '../../proto/gen/muster/v1/InclusionProof.ts';
import { MusterError } from '../../shared/errors.ts';
import { type ExecutionId, type NodeUid, parseExecutionId } from '../../shared/ids.ts';
import { verifyInclusion } from '../../shared/merkle.ts';
import { decodeOrder, type ValidOrder } from '../../shared/order.ts';
import { parseSelector } from '../../shared/selector/parse.ts';
import { matches } from '../../shared/selector/selector.ts';
import { orderSigners } from '../../shared/signing/order-signature.ts';
import { policyFault } from './local-policy.ts';
import type { OrderRules } from './order-rules.ts';

/** An order that may run here, or why it may not: `reason` is the result's, `message` names the field. */
export type Verdict = { readonly order: ValidOrder } | { readonly refusal: Refusal };

export interface Refusal {
  readonly reason:
    | 'order'
    | 'wrong-job'
    | 'wrong-node'
    | 'signature'
    | 'attempt'
    | 'proof'
    | 'selector'
    | 'policy'
    | 'trust'
    | 'output-bound'
    | 'containment';
  readonly message: string;
}

/** An offered execution, and what it is judged by. */
export interface Claim {
  readonly execution: ExecutionId;
  /** As signed: what is checked is what is parsed. */
  readonly order: Buffer;
  readonly signature: Buffer;
  readonly proof: InclusionProof__Output;
  readonly uid: NodeUid;
  readonly containment: 'cgroup' | 'marker';
  readonly maxOutputBoundBytes: number;
  readonly rules: OrderRules;
  /** What this agent knows of its host, for selectors. */
  readonly facts: Readonly<Record<string, string>>;
}

type Check<Subject> = (claim: Claim, subject: Subject) => string | undefined;

/** Before anything is parsed. Each answers what is wrong, naming the field; undefined = nothing. */
const checksOfBytes: readonly (readonly [Refusal['reason'], Check<undefined>])[] = [
  ['wrong-node', wrongNode],
  ['signature', wrongSignature],
];

/** Of the order as parsed. */
const checksOfOrder: readonly (readonly [Refusal['reason'], Check<ValidOrder>])[] = [
  ['wrong-job', wrongJob],
  ['attempt', wrongAttempt],
  ['proof', notInPlan],
  ['selector', otherLabels],
  ['policy', notAllowed],
  ['trust', notTrusted],
  ['output-bound', tooMuchOutput],
  ['containment', noCgroup],
];

/**
 * Judges an offered order before anything is promised: whose it is, its bounds, that it is this job's, that this node is in its plan
 * and is what the selector means. What needs the clock (expiry, deadline) is judged when it would start.
 */
export function verifyOrder(claim: Claim): Verdict {
  for (const [reason, check] of checksOfBytes) {
    const message = check(claim, undefined);
    if (message !== undefined) return { refusal: { reason, message } };
  }
  let order: ValidOrder;
  try {
    order = decodeOrder(claim.order);
  } catch (error) {
    if (error instanceof MusterError) return { refusal: { reason: 'order', message: error.message } };
    throw error;
  }
  for (const [reason, check] of checksOfOrder) {
    const message = check(claim, order);
    if (message !== undefined) return { refusal: { reason, message } };
  }
  return { order };
}

function wrongNode({ execution, uid }: Claim): string | undefined {
  const parts = parseExecutionId(execution);
  if (parts === undefined) return 'execution: this is no execution id';
  return parts.node === uid ? undefined : `execution: it is for node ${parts.node}, this is ${uid}`;
}

function wrongSignature({ rules, order, signature }: Claim): string | undefined {
  if (rules.trust === undefined) return undefined;
  const signer = orderSigners({ order, signature }, rules.trust.current.keys);
  return 'fault' in signer ? `signature: ${signer.fault}` : undefined;
}

function wrongJob({ execution }: Claim, order: ValidOrder): string | undefined {
  const job = parseExecutionId(execution)?.job;
  return order.id === job ? undefined : `order.id: it is ${order.id}, offered as job ${job}`;
}

/** Orders with retries are refused by their bounds until retries exist, so there is no second attempt. */
function wrongAttempt({ execution }: Claim): string | undefined {
  const attempt = parseExecutionId(execution)?.attempt ?? 0;
  return attempt > 1 ? `execution: attempt ${attempt} of an order that allows one` : undefined;
}

function notInPlan({ uid, proof }: Claim, { planRoot: root, planCount: count }: ValidOrder): string | undefined {
  const included = verifyInclusion({ root, count, uid, proof });
  return included ? undefined : 'proof: it does not show that this node is in the order’s plan';
}

/** A control plane that relabels its nodes aims nothing: the host's own labels decide. An order that names its nodes has no selector. */
function otherLabels({ rules, facts }: Claim, { selector }: ValidOrder): string | undefined {
  const { trust, hostLabels } = rules;
  if (selector === '' || (trust === undefined && hostLabels === undefined)) return undefined;
  if (hostLabels === undefined) {
    return 'order.selector: this host holds no labels of its own, so only orders that name their nodes run here';
  }
  const meant = matches(parseSelector(selector, 'order.selector'), { labels: hostLabels, facts });
  return meant ? undefined : 'order.selector: the labels that this host holds do not match it';
}

function notAllowed({ rules }: Claim, order: ValidOrder): string | undefined {
  return order.command.trustFile === undefined && rules.policy ? policyFault(rules.policy, order) : undefined;
}

/** What takes the place of the trust file must be signed by as many of its keys as it asks for. */
function notTrusted({ rules, order: bytes, signature }: Claim, { command }: ValidOrder): string | undefined {
  if (command.trustFile === undefined) return undefined;
  const { trust } = rules;
  if (trust === undefined) return 'order.command.trust_file: this host requires no signatures, so it has no trust file';
  const signers = orderSigners({ order: bytes, signature }, trust.current.keys);
  const fault = trust.fault(command.trustFile, 'keys' in signers ? signers.keys.length : 0);
  return fault && `order.command.trust_file: ${fault}`;
}

function tooMuchOutput({ maxOutputBoundBytes: most }: Claim, { limits }: ValidOrder): string | undefined {
  const bound = limits.outputBoundBytes;
  return bound > most
    ? `order.limits.output_bound_bytes: ${bound} is more than the ${most} that this node allows`
    : undefined;
}

function noCgroup({ containment }: Claim, { command }: ValidOrder): string | undefined {
  return command.containment === 'cgroup' && containment !== 'cgroup'
    ? 'order.command.containment: this node has no cgroup to be had, only marker'
    : undefined;
}
