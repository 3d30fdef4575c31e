import type { Clock } from '../../shared/time.ts';
import type { DirectoryNode } from '../fleet/directory.ts';
import { decodeNode } from '../fleet/inventory.ts';
import { keys } from '../store/keys.ts';
import { nameValue } from '../store/values.ts';
import type { Duty } from './duties.ts';
import type { LeaderTerm } from './leader-term.ts';

/** A node is forgotten when no replica holds it and it was last seen that long ago. 0 = never. */
export function isForgottenNode(
  node: { readonly held: boolean; readonly lastSeenUnixMs: number },
  nowUnixMs: number,
  afterMs: number,
): boolean {
  return afterMs > 0 && !node.held && nowUnixMs - node.lastSeenUnixMs >= afterMs;
}

/** Removes nodes that have been away for long from the inventory, where the operator asked for that. */
export class InventoryCleanup implements Duty {
  readonly name = 'inventory clean-up';
  readonly intervalMs: number;
  readonly #clock: Clock;
  readonly #afterMs: number;
  readonly #nodes: () => readonly DirectoryNode[];

  /** `nodes` are those of the directory. */
  constructor(options: { clock: Clock; afterMs: number; nodes: () => readonly DirectoryNode[]; intervalMs?: number }) {
    this.#clock = options.clock;
    this.#afterMs = options.afterMs;
    this.#nodes = options.nodes;
    this.intervalMs = options.intervalMs ?? 60_000;
  }

  async round(term: LeaderTerm): Promise<Record<string, number> | undefined> {
    let nodes = 0;
    for (const node of this.#nodes()) {
      if (!this.#due({ held: node.presence !== undefined, lastSeenUnixMs: node.lastSeenUnixMs })) continue;
      // The directory may lag, and does not follow every sight of a node.
      const entry = await term.store.get(keys.node(node.uid));
      if (entry === undefined) continue;
      const stored = decodeNode(entry.value);
      if (!this.#due({ held: false, lastSeenUnixMs: stored.lastSeenUnixMs })) continue;
      const { succeeded } = await term.commit({
        if: [
          { key: entry.key, modRevision: entry.modRevision },
          { key: keys.presence(node.uid), exists: false },
          { key: keys.name(stored.name), value: nameValue.encode(node.uid) },
        ],
        then: [{ delete: entry.key }, { delete: keys.name(stored.name) }],
      });
      if (succeeded) nodes += 1;
    }
    return nodes > 0 ? { nodes } : undefined;
  }

  #due(node: { held: boolean; lastSeenUnixMs: number }): boolean {
    return isForgottenNode(node, this.#clock.now(), this.#afterMs);
  }
}
