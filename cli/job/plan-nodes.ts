import type { PlannedNode__Output } from '../../proto/gen/muster/v1/PlannedNode.ts';
import { MusterError } from '../../shared/errors.ts';
import type { RpcClient } from '../../shared/rpc/client.ts';
import { jobMethods } from '../../shared/rpc/methods.ts';
import { atAnyReplica } from '../../shared/rpc/retry.ts';

/** Which nodes: a selector, or names; exactly one of the two. */
export interface NodeTarget {
  readonly selector: string;
  readonly nodes: readonly string[];
}

/** The exact nodes a target means now, in rollout order: the frozen plan. Throws NO_NODE_MATCHED where there is none. */
export async function planNodes(
  client: RpcClient,
  target: NodeTarget,
  signal?: AbortSignal,
): Promise<PlannedNode__Output[]> {
  const request = { target: { selector: target.selector, nodes: [...target.nodes] } };
  const { planned, total } = await atAnyReplica(client, async () => {
    const nodes: PlannedNode__Output[] = [];
    let count = 0;
    const options = { timeoutMs: 30_000, ...(signal && { signal }) };
    for await (const page of client.stream(jobMethods.Plan, request, options)) {
      nodes.push(...page.nodes);
      count = page.total;
    }
    return { planned: nodes, total: count };
  });
  if (planned.length === 0) throw new MusterError('NO_NODE_MATCHED', `no node matches ${describeTarget(target)}`);
  if (planned.length !== total) {
    throw new MusterError('INTERNAL', `the plan of ${total} nodes came with ${planned.length}; nothing was submitted`);
  }
  return planned;
}

const describeTarget = (target: NodeTarget): string =>
  target.nodes.length > 0 ? target.nodes.join(', ') : `the selector ${target.selector}`;
