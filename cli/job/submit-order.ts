import type { Job__Output } from '../../proto/gen/muster/v1/Job.ts';
import type { PlannedNode__Output } from '../../proto/gen/muster/v1/PlannedNode.ts';
import { planRoot } from '../../shared/merkle.ts';
import { buildOrder, type OrderInput } from '../../shared/order.ts';
import type { RpcClient } from '../../shared/rpc/client.ts';
import { jobMethods } from '../../shared/rpc/methods.ts';
import { retrying } from '../../shared/rpc/retry.ts';

export interface FrozenOrder {
  readonly id: string;
  readonly bytes: Buffer;
  /** Node uids in rollout order. */
  readonly targets: readonly string[];
  readonly stdin: Buffer | undefined;
}

/** Binds what was asked for to the exact nodes of a plan: id, Merkle root and bytes are fixed from here on. */
export function freezeOrder(input: Omit<OrderInput, 'plan'>, planned: readonly PlannedNode__Output[]): FrozenOrder {
  const targets = planned.map(({ uid }) => uid);
  const { order, bytes } = buildOrder({ ...input, plan: { root: planRoot(targets), count: targets.length } });
  return { id: order.id, bytes, targets, stdin: input.stdin };
}

/** Submits the same bytes under the same id until a replica has stored them, or for `retryForMs`. */
export async function submitOrder(
  client: RpcClient,
  order: FrozenOrder,
  options: { retryForMs: number; signal?: AbortSignal; traceparent?: string },
): Promise<{ job: Job__Output | null; existed: boolean }> {
  const request = {
    order: order.bytes,
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
