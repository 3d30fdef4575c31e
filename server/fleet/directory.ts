import { isNodeUid, type NodeUid } from '../../shared/ids.ts';
import { naturalKey } from '../../shared/natural-order.ts';
import { matches, type Selector } from '../../shared/selector/selector.ts';
import type { InventoryNode } from './inventory.ts';
import type { Presence } from './presences.ts';

/** A node as the directory knows it: a value, replaced whole by every change. */
export interface DirectoryNode extends InventoryNode {
  /** Undefined = it has no session. */
  readonly presence: Presence | undefined;
}

/** `before` is undefined for a new node, `after` for one that is gone. */
export interface DirectoryChange {
  readonly uid: NodeUid;
  readonly before: DirectoryNode | undefined;
  readonly after: DirectoryNode | undefined;
}

/** Above this share of all nodes it is quicker to walk all of them in order than to sort what the index found. */
const sortingShare = 0.25;

/**
 * All nodes, in memory, with an index by label: what plans are made from and what watchers of nodes follow. It lives as long as
 * its replica and holds what the store's watches have delivered; a presence may come before its node.
 */
export class Directory {
  readonly #nodes = new Map<NodeUid, DirectoryNode>();
  readonly #presences = new Map<NodeUid, Presence>();
  /** Revision of the last change of a presence that the store told of, or this replica wrote. */
  readonly #presenceRevisions = new Map<NodeUid, number>();
  readonly #names = new Map<string, NodeUid>();
  /** Label key → value → uids. */
  readonly #labels = new Map<string, Map<string, Set<NodeUid>>>();
  readonly #listeners = new Set<(change: DirectoryChange) => void>();
  /** Rank of every node by name; made when it is asked for. */
  #ranks: Map<NodeUid, number> | undefined;

  get size(): number {
    return this.#nodes.size;
  }

  /** How many nodes have a session. */
  get connected(): number {
    let connected = 0;
    for (const uid of this.#presences.keys()) if (this.#nodes.has(uid)) connected += 1;
    return connected;
  }

  get(uid: NodeUid): DirectoryNode | undefined {
    return this.#nodes.get(uid);
  }

  /** Every node, in no order; a copy, so the directory may change while it is walked. */
  all(): DirectoryNode[] {
    return [...this.#nodes.values()];
  }

  /** By uid or name; a uid goes first, so that no name can stand in for it. */
  find(uidOrName: string): DirectoryNode | undefined {
    const uid = isNodeUid(uidOrName) && this.#nodes.has(uidOrName) ? uidOrName : this.#names.get(uidOrName);
    return uid && this.#nodes.get(uid);
  }

  upsert(node: InventoryNode): void {
    const before = this.#nodes.get(node.uid);
    const after = { ...node, presence: this.#presences.get(node.uid) };
    if (before === undefined || before.name !== after.name) {
      if (before) this.#forgetName(before);
      this.#ranks = undefined;
    }
    this.#names.set(after.name, after.uid);
    if (before) this.#unindex(before);
    this.#index(after);
    this.#nodes.set(after.uid, after);
    this.#tell({ uid: node.uid, before, after });
  }

  remove(uid: NodeUid): void {
    const before = this.#nodes.get(uid);
    if (before === undefined) return;
    this.#nodes.delete(uid);
    this.#forgetName(before);
    this.#unindex(before);
    this.#ranks = undefined;
    this.#tell({ uid, before, after: undefined });
  }

  /**
   * `revision` is that of the write: what is not newer than what is known already changes nothing, so that the store's watch,
   * which comes later, undoes nothing. Without it the change stands until a newer write is heard of.
   */
  setPresence(uid: NodeUid, presence: Presence | undefined, revision?: number): void {
    if (revision !== undefined) {
      if (revision <= (this.#presenceRevisions.get(uid) ?? 0)) return;
      this.#presenceRevisions.set(uid, revision);
    }
    if (presence) this.#presences.set(uid, presence);
    else this.#presences.delete(uid);
    const before = this.#nodes.get(uid);
    if (before === undefined || (presence === undefined && before.presence === undefined)) return;
    const after = { ...before, presence };
    this.#nodes.set(uid, after);
    this.#tell({ uid, before, after });
  }

  /** Who holds a node now, and the revision of the last change of it that is known; also of a node that is not here (yet). */
  presence(uid: NodeUid): (Presence & { readonly revision: number }) | undefined {
    const presence = this.#presences.get(uid);
    return presence && { ...presence, revision: this.#presenceRevisions.get(uid) ?? 0 };
  }

  /** The store was set back: its revisions begin anew, below those that were heard of. */
  forgetRevisions(): void {
    this.#presenceRevisions.clear();
  }

  /** Uids of every presence, also of nodes that are not here (yet): for who lists the store anew. */
  presentUids(): NodeUid[] {
    return [...this.#presences.keys()];
  }

  /** The nodes that match, cordoned ones too, by name in natural order. */
  select(selector: Selector): DirectoryNode[] {
    const ranks = this.#rankAll();
    const candidates = this.#candidates(selector);
    const few = candidates !== undefined && candidates.size < this.#nodes.size * sortingShare;
    const found: DirectoryNode[] = [];
    for (const uid of few ? candidates : ranks.keys()) {
      const node = this.#nodes.get(uid);
      if (node && matches(selector, node)) found.push(node);
    }
    return few ? found.sort((a, b) => (ranks.get(a.uid) ?? 0) - (ranks.get(b.uid) ?? 0)) : found;
  }

  /** Calls `listener` after every change until the returned function is called. */
  subscribe(listener: (change: DirectoryChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The smallest set that the index can promise to hold every match; undefined = all nodes. */
  #candidates({ requirements }: Selector): Set<NodeUid> | undefined {
    let smallest: { size: number; sets: Set<NodeUid>[] } | undefined;
    for (const requirement of requirements) {
      if (requirement.source !== 'label') continue;
      const byValue = this.#labels.get(requirement.name);
      let sets: Set<NodeUid>[];
      if (requirement.operator === 'in') {
        sets = requirement.values.flatMap((value) => byValue?.get(value) ?? []);
      } else if (requirement.operator === 'exists') {
        sets = [...(byValue?.values() ?? [])];
      } else continue;
      const size = sets.reduce((sum, set) => sum + set.size, 0);
      if (smallest === undefined || size < smallest.size) smallest = { size, sets };
    }
    if (smallest === undefined) return undefined;
    return smallest.sets.length === 1 ? smallest.sets[0] : new Set(smallest.sets.flatMap((set) => [...set]));
  }

  #rankAll(): ReadonlyMap<NodeUid, number> {
    if (this.#ranks === undefined) {
      const keyed = [...this.#nodes.values()].map(({ uid, name }) => ({ uid, key: naturalKey(name) + uid }));
      keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
      this.#ranks = new Map(keyed.map(({ uid }, rank) => [uid, rank]));
    }
    return this.#ranks;
  }

  #index({ uid, labels }: DirectoryNode): void {
    for (const [key, value] of Object.entries(labels)) {
      const byValue = this.#labels.get(key) ?? new Map<string, Set<NodeUid>>();
      const uids = byValue.get(value) ?? new Set<NodeUid>();
      this.#labels.set(key, byValue.set(value, uids.add(uid)));
    }
  }

  #unindex({ uid, labels }: DirectoryNode): void {
    for (const [key, value] of Object.entries(labels)) {
      const byValue = this.#labels.get(key);
      const uids = byValue?.get(value);
      uids?.delete(uid);
      if (uids?.size === 0) byValue?.delete(value);
      if (byValue?.size === 0) this.#labels.delete(key);
    }
  }

  #forgetName({ name, uid }: DirectoryNode): void {
    if (this.#names.get(name) === uid) this.#names.delete(name);
  }

  #tell(change: DirectoryChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
