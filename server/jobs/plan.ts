import type { Target } from '../../proto/gen/muster/v1/Target.ts';
import { invalidField, MusterError } from '../../shared/errors.ts';
import type { NodeUid } from '../../shared/ids.ts';
import { maxPlanCount } from '../../shared/order.ts';
import { parseSelector } from '../../shared/selector/parse.ts';
import type { Selector } from '../../shared/selector/selector.ts';

/** A node of a plan. */
export interface PlannedNode {
  readonly uid: NodeUid;
  readonly name: string;
  /** It has a session now. */
  readonly connected: boolean;
}

/** What a plan needs to know of a node. */
export interface PlannableNode {
  readonly uid: NodeUid;
  readonly name: string;
  readonly cordoned: boolean;
  readonly presence: object | undefined;
}

/** Where nodes are looked up: the directory. */
export interface NodeSource {
  find(uidOrName: string): PlannableNode | undefined;
  /** In natural order of the names. */
  select(selector: Selector): readonly PlannableNode[];
}

const maxNames = 10_000;
const namesInMessage = 10;

/**
 * The exact nodes of a target, none twice, in rollout order: by name for a selector, as given for names (or uids). Cordoned nodes are left
 * out of what a selector finds; to name one is an error. Throws SELECTOR_EMPTY, SELECTOR_INVALID, NO_NODE_MATCHED, UNKNOWN_NODE,
 * INVALID_FIELD, with the field under `field`.
 */
export function plan(source: NodeSource, target: Target | null, field = 'target'): PlannedNode[] {
  const names = target?.nodes ?? [];
  const selector = target?.selector ?? '';
  if (names.length > 0 && selector !== '') throw invalidField(field, 'takes a selector or nodes, not both');
  const found =
    names.length > 0 ? named(source, names, `${field}.nodes`) : selected(source, selector, `${field}.selector`);
  if (found.length > maxPlanCount) {
    throw invalidField(field, `means ${found.length} nodes; at most ${maxPlanCount} fit into one plan`);
  }
  return found.map(({ uid, name, presence }) => ({ uid, name, connected: presence !== undefined }));
}

function selected(source: NodeSource, text: string, field: string): readonly PlannableNode[] {
  const matching = source.select(parseSelector(text, field));
  const found = matching.filter((node) => !node.cordoned);
  if (found.length === 0) {
    const cordoned = matching.length > 0 ? `; ${matching.length} would, but cordoned` : '';
    throw new MusterError('NO_NODE_MATCHED', `no node matches ${JSON.stringify(text)}${cordoned}`, { field });
  }
  return found;
}

function named(source: NodeSource, names: readonly string[], field: string): PlannableNode[] {
  if (names.length > maxNames) {
    throw invalidField(field, `has ${names.length} names; at most ${maxNames} are allowed, use a selector`);
  }
  const found = new Map<NodeUid, PlannableNode>();
  const unknown: number[] = [];
  const cordoned: number[] = [];
  for (const [index, name] of names.entries()) {
    const node = source.find(name);
    if (node === undefined) unknown.push(index);
    else if (node.cordoned) cordoned.push(index);
    else found.set(node.uid, node);
  }
  const list = (indexes: readonly number[]): string => {
    const some = indexes.slice(0, namesInMessage).map((index) => JSON.stringify(names[index]?.slice(0, 253)));
    return some.join(', ') + (indexes.length > some.length ? ` and ${indexes.length - some.length} more` : '');
  };
  if (unknown.length > 0) {
    throw new MusterError('UNKNOWN_NODE', `no node is called ${list(unknown)}`, { field: `${field}[${unknown[0]}]` });
  }
  if (cordoned.length > 0)
    throw invalidField(`${field}[${cordoned[0]}]`, `cordoned: ${list(cordoned)}; uncordon first`);
  return [...found.values()];
}
