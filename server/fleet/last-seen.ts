import type { NodeUid } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { Inventory } from './inventory.ts';

/**
 * Writes down when nodes were last seen, one at a time, behind everything else: a cut that takes thousands of them must not make a
 * storm of writes. What a failing store refuses is forgotten; the next session says it anew.
 */
export class LastSeen {
  readonly #inventory: Pick<Inventory, 'seen'>;
  readonly #log: Log;
  readonly #waiting = new Map<NodeUid, number>();
  #writing = false;

  constructor(options: { inventory: Pick<Inventory, 'seen'>; log: Log }) {
    this.#inventory = options.inventory;
    this.#log = options.log;
  }

  note(uid: NodeUid, unixMs: number): void {
    this.#waiting.set(uid, unixMs);
    if (!this.#writing) void this.#write();
  }

  /** Writes nothing more. */
  close(): void {
    this.#waiting.clear();
  }

  async #write(): Promise<void> {
    this.#writing = true;
    for (const [uid, lastSeenUnixMs] of this.#waiting) {
      this.#waiting.delete(uid);
      try {
        await this.#inventory.seen(uid, lastSeenUnixMs);
      } catch (error) {
        this.#log.debug({ err: error, 'node.id': uid }, 'when the node was last seen is not written down');
      }
    }
    this.#writing = false;
  }
}
