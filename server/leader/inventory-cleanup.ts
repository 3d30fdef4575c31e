import type { NodeUid } from '../../shared/ids.ts';
import { type Clock, sleep } from '../../shared/time.ts';
import type { Directory, DirectoryNode } from '../fleet/directory.ts';
import { decodeNode, type InventoryNode } from '../fleet/inventory.ts';
import { keys } from '../store/keys.ts';
import type { Entry } from '../store/store.ts';
import { nameValue, values } from '../store/values.ts';
import { type Absence, Absences } from './absences.ts';
import type { Duty } from './duties.ts';
import type { LeaderTerm } from './leader-term.ts';

const minuteMs = 60_000;
/** Of absence that the leader has seen itself: agents whose replica was lost have long dialled another by then. */
const longestGraceMs = 60 * minuteMs;
/** A node that comes back sooner costs no write, and clocks of replicas may be apart. */
const noteAfterMs = minuteMs;
/** So that noting a thousand nodes takes little of the store while others work. */
const paceMs = 5;

/** When a node was last seen, and the absence that began then. */
interface Sight {
  readonly unixMs: number;
  readonly absence: Absence | undefined;
}

/**
 * A node is forgotten when no replica holds it, it was last seen that long ago, and the leader has seen it absent for `graceMs` of its own
 * term. `afterMs` 0 = never.
 */
export function isForgottenNode(
  node: { readonly held: boolean; readonly lastSeenUnixMs: number; readonly absentMs: number },
  nowUnixMs: number,
  { afterMs, graceMs }: { readonly afterMs: number; readonly graceMs: number },
): boolean {
  return afterMs > 0 && !node.held && nowUnixMs - node.lastSeenUnixMs >= afterMs && node.absentMs >= graceMs;
}

/**
 * Removes nodes that have been away for long from the inventory, where the operator asked for that; and sees to it that the inventory knows
 * when nodes were last seen, also those whose replica could not write it down: it was killed, stopped, or cut off.
 */
export class InventoryCleanup implements Duty {
  readonly name = 'inventory clean-up';
  readonly intervalMs: number;
  readonly #clock: Clock;
  readonly #afterMs: number;
  readonly #graceMs: number;
  readonly #directory: Pick<Directory, 'all'>;
  readonly #absences: Absences;
  /** Absences that need no more writing. */
  readonly #noted = new WeakSet<Absence>();
  #termSinceMs = 0;

  constructor(options: {
    clock: Clock;
    afterMs: number;
    directory: Pick<Directory, 'all' | 'subscribe'>;
    intervalMs?: number;
  }) {
    const { clock, afterMs, directory, intervalMs = minuteMs } = options;
    this.#clock = clock;
    this.#afterMs = afterMs;
    this.#directory = directory;
    this.#absences = new Absences({ clock, directory });
    this.intervalMs = intervalMs;
    // Not in the first rounds of a term, however short the time.
    this.#graceMs = Math.max(Math.min(afterMs, longestGraceMs), 2 * intervalMs);
  }

  /** This process may have been frozen before it: what it has not seen in its term it has not seen. */
  begin(): void {
    this.#termSinceMs = this.#clock.monotonic();
  }

  async round(term: LeaderTerm): Promise<Record<string, number> | undefined> {
    const did = { nodes: 0, noted: 0 };
    for (const node of this.#directory.all()) {
      term.signal.throwIfAborted();
      const sight = this.#unwritten(node);
      if (sight) did.noted += await this.#note(term, node.uid, sight);
      else if (this.#due(node.uid, node)) did.nodes += await this.#forget(term, node.uid);
    }
    return did.nodes + did.noted > 0 ? did : undefined;
  }

  /** When the node was last seen, where the inventory does not know that nearly enough. */
  #unwritten({ uid, presence, lastSeenUnixMs }: DirectoryNode): Sight | undefined {
    if (presence !== undefined) {
      // Whoever holds it may be lost together with all who saw it: then this is what remains.
      const nowUnixMs = this.#clock.now();
      const old = this.#afterMs > 0 && nowUnixMs - lastSeenUnixMs >= Math.max(this.#afterMs / 4, 15 * minuteMs);
      return old ? { unixMs: nowUnixMs, absence: undefined } : undefined;
    }
    const absence = this.#absences.of(uid);
    const { leftUnixMs, sinceMs } = absence;
    if (leftUnixMs === undefined || this.#noted.has(absence)) return undefined;
    if (this.#clock.monotonic() - sinceMs < noteAfterMs) return undefined;
    return isOlder(lastSeenUnixMs, leftUnixMs) ? { unixMs: leftUnixMs, absence } : undefined;
  }

  async #note(term: LeaderTerm, uid: NodeUid, { unixMs, absence }: Sight): Promise<number> {
    await sleep(paceMs, term.signal);
    const found = await read(term, uid);
    if (found === undefined) return 0;
    // The directory may lag.
    const known = !isOlder(found.node.lastSeenUnixMs, unixMs);
    const written = !known && (await write(term, found, unixMs));
    if (absence && (known || written)) this.#noted.add(absence);
    return written ? 1 : 0;
  }

  async #forget(term: LeaderTerm, uid: NodeUid): Promise<number> {
    const found = await read(term, uid);
    if (found === undefined || !this.#due(uid, { ...found.node, presence: undefined })) return 0;
    const { entry, node } = found;
    const { succeeded } = await term.commit({
      if: [
        { key: entry.key, modRevision: entry.modRevision },
        { key: keys.presence(uid), exists: false },
        { key: keys.name(node.name), value: nameValue.encode(uid) },
      ],
      then: [{ delete: entry.key }, { delete: keys.name(node.name) }],
    });
    return succeeded ? 1 : 0;
  }

  #due(uid: NodeUid, { presence, lastSeenUnixMs }: Pick<DirectoryNode, 'presence' | 'lastSeenUnixMs'>): boolean {
    const held = presence !== undefined;
    const sinceMs = held ? Number.POSITIVE_INFINITY : Math.max(this.#absences.of(uid).sinceMs, this.#termSinceMs);
    const node = { held, lastSeenUnixMs, absentMs: this.#clock.monotonic() - sinceMs };
    return isForgottenNode(node, this.#clock.now(), { afterMs: this.#afterMs, graceMs: this.#graceMs });
  }
}

const isOlder = (storedUnixMs: number, seenUnixMs: number): boolean => storedUnixMs < seenUnixMs - noteAfterMs;

interface Found {
  readonly entry: Entry;
  readonly node: InventoryNode;
}

async function read(term: LeaderTerm, uid: NodeUid): Promise<Found | undefined> {
  const entry = await term.store.get(keys.node(uid));
  return entry && { entry, node: decodeNode(entry.value) };
}

async function write(term: LeaderTerm, { entry, node }: Found, lastSeenUnixMs: number): Promise<boolean> {
  const { key, modRevision } = entry;
  const value = values.node.encode({ ...node, lastSeenUnixMs });
  const { succeeded } = await term.commit({ if: [{ key, modRevision }], then: [{ put: key, value }] });
  return succeeded;
}
