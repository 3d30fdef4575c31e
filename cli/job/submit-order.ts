import type { Job__Output } from '../../proto/gen/muster/v1/Job.ts';
import type { PlannedNode__Output } from '../../proto/gen/muster/v1/PlannedNode.ts';
import { planRoot } from '../../shared/merkle.ts';
import { buildOrder, type OrderInput } from '../../shared/order.ts';
import type { RpcClient } from '../../shared/rpc/client.ts';
import { jobMethods } from '../../shared/rpc/methods.ts';
import { retrying } from '../../shared/rpc/retry.ts';
import type { SigningKey } from '../../shared/signing/keys.ts';
import { signOrder } from '../../shared/signing/order-signature.ts';

export interface FrozenOrder {
  readonly id: string;
  readonly bytes: Buffer;
  /** Encoded `OrderSignature`; empty = unsigned. */
  readonly signature: Buffer;
  /** Node uids in rollout order. */
  readonly targets: readonly string[];
  readonly stdin: Buffer | undefined;
}

/** Binds what was asked for to the exact nodes of a plan: id, Merkle root and bytes are fixed from here on, and signed where there is a key. */
export function freezeOrder(
  input: Omit<OrderInput, 'plan'>,
  planned: readonly PlannedNode__Output[],
  key: SigningKey | undefined,
): FrozenOrder {
  const targets = planned.map(({ uid }) => uid);
  const { order, bytes } = buildOrder({ ...input, plan: { root: planRoot(targets), count: targets.length } });
  const signature = key ? signOrder(bytes, key) : Buffer.alloc(0);
  return { id: order.id, bytes, signature, targets, stdin: input.stdin };
}

/** Submits the same bytes under the same id until a replica has stored them, or for `retryForMs`. */
export async function submitOrder(
  client: RpcClient,
  order: FrozenOrder,
  options: { retryForMs: number; signal?: AbortSignal; traceparent?: string },
): Promise<{ job: Job__Output | null; existed: boolean }> {
  const request = {
    order: order.bytes,
    signature: order.signature,
    targets: [...order.targets],
    ...(order.stdin && { stdin: order.stdin }),
    traceparent: options.traceparent ?? '',
  };
  const signal = options.signal ? { signal: options.signal } : {};
  return retrying(() => client.call(jobMethods.Submit, request, { timeoutMs: 30_000, ...signal }), {
    forMs: options.retryForMs,
    ...signal,
  });
}
