import type { ServerUnaryCall } from '@grpc/grpc-js';
import type { ListNodesRequest__Output } from '../../proto/gen/muster/v1/ListNodesRequest.ts';
import type { SetLabelsRequest__Output } from '../../proto/gen/muster/v1/SetLabelsRequest.ts';
import { MusterError } from '../../shared/errors.ts';
import type { FakeNode, FakePlane } from './fake-plane.ts';

type NodeCall = ServerUnaryCall<{ node: string }, unknown>;

/** The part of selectors that tests of the CLI need: `key=value`, joined by commas. */
export const matches = (selector: string, labels: Readonly<Record<string, string>>): boolean =>
  selector.split(',').every((term) => {
    const [key = '', value] = term.split('=');
    return labels[key] === value;
  });

/** NodeService over the fake's memory. */
export function fakeNodeHandlers(plane: FakePlane) {
  const nodeOf = (name: string): FakeNode => {
    const node = plane.nodes.find((one) => one.name === name || one.uid === name);
    if (node === undefined) throw new MusterError('UNKNOWN_NODE', `no node ${name}`);
    return node;
  };
  return {
    GetNode: async ({ request }: NodeCall) => ({ node: nodeOf(request.node) }),
    async ListNodes({ request }: ServerUnaryCall<ListNodesRequest__Output, unknown>) {
      const all = plane.nodes.filter(({ labels }) => request.selector === '' || matches(request.selector, labels));
      const from = Number(request.pageToken || 0);
      const size = Math.min(request.pageSize || 500, 2);
      return {
        nodes: all.slice(from, from + size),
        nextPageToken: from + size < all.length ? String(from + size) : '',
      };
    },
    async SetLabels({ request }: ServerUnaryCall<SetLabelsRequest__Output, unknown>) {
      const node = nodeOf(request.node);
      Object.assign(node.labels, request.set);
      for (const key of request.remove) delete node.labels[key];
      return { node };
    },
    async Cordon({ request }: NodeCall) {
      return { node: Object.assign(nodeOf(request.node), { cordoned: true }) };
    },
    async Uncordon({ request }: NodeCall) {
      return { node: Object.assign(nodeOf(request.node), { cordoned: false }) };
    },
    async RemoveNode({ request }: NodeCall) {
      const node = nodeOf(request.node);
      if (node.connected) throw new MusterError('NODE_CONNECTED', `${node.name} has a session; stop its agent first`);
      plane.nodes.splice(plane.nodes.indexOf(node), 1);
      return {};
    },
  };
}
