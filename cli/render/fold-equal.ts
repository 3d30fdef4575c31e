import { compareNatural } from '../../shared/natural-order.ts';

/** Nodes whose output is the same. */
export interface FoldedGroup {
  readonly key: string;
  /** Sorted as people count. */
  readonly nodes: readonly string[];
}

/** Puts nodes with equal keys together, the rarest first: what differs is what somebody is looking for. */
export function foldEqual(outputs: Iterable<{ readonly node: string; readonly key: string }>): FoldedGroup[] {
  const groups = new Map<string, string[]>();
  for (const { node, key } of outputs) {
    const nodes = groups.get(key);
    if (nodes) nodes.push(node);
    else groups.set(key, [node]);
  }
  return [...groups]
    .map(([key, nodes]) => ({ key, nodes: nodes.sort(compareNatural) }))
    .sort((a, b) => a.nodes.length - b.nodes.length || compareNatural(a.nodes[0] ?? '', b.nodes[0] ?? ''));
}
