import type { Node } from '../../proto/gen/muster/v1/Node.ts';
import type { NodeServiceHandlers } from '../../proto/gen/muster/v1/NodeService.ts';
import type { WatchNodesRequest__Output } from '../../proto/gen/muster/v1/WatchNodesRequest.ts';
import type { WatchNodesResponse } from '../../proto/gen/muster/v1/WatchNodesResponse.ts';
import { invalidField, MusterError } from '../../shared/errors.ts';
import { isNodeName } from '../../shared/ids.ts';
import { compareNatural } from '../../shared/natural-order.ts';
import { labelKeyFault, validateLabels } from '../../shared/selector/labels.ts';
import { parseSelector } from '../../shared/selector/parse.ts';
import { everything, matches, type Selector } from '../../shared/selector/selector.ts';
import type { Directory, DirectoryNode } from '../fleet/directory.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Inventory, InventoryNode } from '../fleet/inventory.ts';
import type { Handlers } from './handlers.ts';
import { badPageToken, pageSize } from './page.ts';

interface Options {
  readonly handlers: Handlers;
  readonly directory: Directory;
  readonly inventory: Inventory;
  readonly fleet: Fleet;
}

/** `NodeService`: reads the directory, changes the inventory. */
export function nodeService({ handlers, directory, inventory, fleet }: Options): NodeServiceHandlers {
  const message = (node: DirectoryNode): Node =>
    nodeMessage(node, fleet.session(node.uid) || !node.presence ? fleet.running(node.uid) : undefined);
  const change = async (name: string, edit: (node: InventoryNode) => InventoryNode): Promise<{ node: Node }> => {
    const node = find(directory, name);
    directory.upsert(await inventory.update(node.uid, edit));
    return { node: message(find(directory, node.uid)) };
  };
  return {
    GetNode: handlers.unary(async ({ node }) => ({ node: message(find(directory, node)) })),
    ListNodes: handlers.unary(async (request) => {
      const limit = pageSize(request.pageSize, 500);
      const nodes = directory.select(selectorOf(request.selector));
      const start = pageStart(nodes, request.pageToken);
      const page = nodes.slice(start, start + limit);
      const last = page.at(-1);
      return { nodes: page.map(message), nextPageToken: start + limit < nodes.length ? (last?.name ?? '') : '' };
    }),
    WatchNodes: handlers.serverStream((request, send, { signal }) =>
      watchNodes(directory, message, request, send, signal),
    ),
    SetLabels: handlers.unary(async (request) => {
      validateLabels(request.set, 'set');
      for (const [index, key] of request.remove.entries()) {
        const fault = labelKeyFault(key);
        if (fault) throw invalidField(`remove[${index}]`, fault);
      }
      return await change(request.node, (node) => {
        const labels = new Map(Object.entries({ ...node.labels, ...request.set }));
        for (const key of request.remove) labels.delete(key);
        if (labels.size > 64)
          throw invalidField('set', `the node would have ${labels.size} labels; at most 64 are allowed`);
        return { ...node, labels: Object.fromEntries(labels) };
      });
    }),
    Cordon: handlers.unary(({ node }) => change(node, (before) => ({ ...before, cordoned: true }))),
    Uncordon: handlers.unary(({ node }) => change(node, (before) => ({ ...before, cordoned: false }))),
    RemoveNode: handlers.unary(async ({ node }) => {
      const found = find(directory, node);
      await inventory.remove(found);
      directory.remove(found.uid);
      return {};
    }),
  };
}

/** UNKNOWN_NODE where no node has this name or uid. */
export function find(directory: Directory, nameOrUid: string): DirectoryNode {
  if (nameOrUid === '') throw invalidField('node', 'is required: a name or uid');
  const node = directory.find(nameOrUid);
  if (!node) throw new MusterError('UNKNOWN_NODE', `no node is called ${nameOrUid}`, { field: 'node' });
  return node;
}

/** Behind the name of the token, whether its node is still there or not. */
function pageStart(nodes: readonly DirectoryNode[], token: string): number {
  if (token === '') return 0;
  if (!isNodeName(token)) throw badPageToken();
  const start = nodes.findIndex(({ name }) => compareNatural(name, token) > 0);
  return start < 0 ? nodes.length : start;
}

const selectorOf = (text: string): Selector => (text === '' ? everything : parseSelector(text, 'selector'));

/** `running` is undefined where only another replica knows. */
function nodeMessage(node: DirectoryNode, running: number | undefined): Node {
  return {
    uid: node.uid,
    name: node.name,
    labels: { ...node.labels },
    facts: { ...node.facts },
    cordoned: node.cordoned,
    connected: node.presence !== undefined,
    replica: node.presence?.replica ?? '',
    version: node.version,
    registeredUnixMs: node.registeredUnixMs,
    lastSeenUnixMs: node.lastSeenUnixMs,
    running: running ?? 0,
    runningUnknown: running === undefined,
  };
}

/** Marks what changed and sends it as it then is: a slow watcher costs at most one mark a node. */
async function watchNodes(
  directory: Directory,
  message: (node: DirectoryNode) => Node,
  request: WatchNodesRequest__Output,
  send: (response: WatchNodesResponse) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const selector = selectorOf(request.selector);
  const shown = new Set<string>();
  const changed = new Set<string>();
  let wake: (() => void) | undefined;
  const unsubscribe = directory.subscribe(({ uid }) => {
    changed.add(uid);
    wake?.();
  });
  signal.addEventListener('abort', () => wake?.(), { once: true });
  try {
    for (const node of directory.select(selector)) {
      shown.add(node.uid);
      await send({ node: message(node) });
    }
    await send({ snapshotEnd: true });
    while (!signal.aborted) {
      for (const uid of changed) {
        changed.delete(uid);
        const node = directory.find(uid);
        if (node && matches(selector, node)) {
          shown.add(uid);
          await send({ node: message(node) });
        } else if (shown.delete(uid)) await send({ removedUid: uid });
      }
      if (changed.size > 0) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    unsubscribe();
  }
}
