import type { Node__Output } from '../../proto/gen/muster/v1/Node.ts';
import type { RpcClient } from '../../shared/rpc/client.ts';
import { nodeMethods } from '../../shared/rpc/methods.ts';
import { atAnyReplica } from '../../shared/rpc/retry.ts';

/** All nodes that match, by name, page by page; an empty selector lists all. */
export async function listNodes(client: RpcClient, selector: string): Promise<Node__Output[]> {
  const all: Node__Output[] = [];
  let pageToken = '';
  do {
    const request = { selector, pageSize: 1000, pageToken };
    const page = await atAnyReplica(client, () => client.call(nodeMethods.ListNodes, request));
    all.push(...page.nodes);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return all;
}
