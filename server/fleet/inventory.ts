import { MusterError } from '../../shared/errors.ts';
import type { NodeUid } from '../../shared/ids.ts';
import type { Clock } from '../../shared/time.ts';
import type { ClusterState } from '../store/cluster-state.ts';
import { keys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { nameValue, values } from '../store/values.ts';
import type { ClaimQueue } from './claim-queue.ts';
import type { CompleteHello } from './hello.ts';
import { Presences, presenceValue } from './presences.ts';
import type { EpochValue } from './session.ts';

/** A node as the store knows it for good. */
export interface InventoryNode {
  readonly uid: NodeUid;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly facts: Readonly<Record<string, string>>;
  readonly cordoned: boolean;
  readonly version: string;
  readonly registeredUnixMs: number;
  readonly lastSeenUnixMs: number;
}

/** A node's record, and its revision where it was read just now. */
type Known = { readonly node: InventoryNode; readonly modRevision: number | undefined } | undefined;

/** A claim that stands. */
export interface Claimed {
  readonly epoch: EpochValue;
  readonly node: InventoryNode;
  /** The store had the node's record already. */
  readonly known: boolean;
}

const maxTries = 5;

/** Nodes in the store: registration and presence of those that come, and what operators change. */
export class Inventory {
  /** Who holds which node. */
  readonly presences: Presences;
  readonly #store: Store;
  readonly #claims: ClaimQueue;
  readonly #clock: Clock;
  readonly #replica: string;
  readonly #cluster: Pick<ClusterState, 'era' | 'requireConfirmed'>;

  constructor(options: {
    store: Store;
    claims: ClaimQueue;
    clock: Clock;
    replica: string;
    cluster: Pick<ClusterState, 'era' | 'requireConfirmed'>;
  }) {
    this.presences = new Presences(options);
    this.#store = options.store;
    this.#claims = options.claims;
    this.#clock = options.clock;
    this.#replica = options.replica;
    this.#cluster = options.cluster;
  }

  /**
   * Registers the node where it is new, refreshes what it says of itself, and claims it for this replica, in one transaction.
   * `known` is the caller's last view of it. NAME_TAKEN where the name is another node's or the uid has another name.
   */
  async claim(hello: CompleteHello, known: InventoryNode | undefined): Promise<Claimed> {
    let before: Known = known && { node: known, modRevision: undefined };
    for (let tries = 0; tries < maxTries; tries += 1) {
      if (before !== undefined && before.node.name !== hello.name) {
        throw nameTaken(
          `this node is registered as ${before.node.name}, not ${hello.name}; remove it first to rename it`,
        );
      }
      const node = refreshed(hello, before?.node, this.#clock.now());
      const changed = node !== before?.node;
      if (before && changed && before.modRevision === undefined) {
        // What is written anew must not undo what an operator changed meanwhile, here or at another replica.
        before = await this.#read(hello.uid);
        continue;
      }
      const { uid, name } = hello;
      const same = {
        key: keys.node(uid),
        ...(before?.modRevision ? { modRevision: before.modRevision } : { exists: true }),
      };
      const { era } = this.#cluster;
      const revision = await this.#claims.claim({
        uid,
        if: before === undefined ? absent(hello) : [same],
        then: (lease) => [
          { put: keys.presence(uid), value: presenceValue(this.#replica, era), lease },
          ...(changed ? [{ put: keys.node(uid), value: values.node.encode(node) }] : []),
          ...(before === undefined ? [{ put: keys.name(name), value: nameValue.encode(uid) }] : []),
        ],
      });
      if (revision !== undefined) return { epoch: { era, revision }, node, known: before !== undefined };
      before = await this.#read(uid);
      if (before === undefined) await this.#requireFree(name, uid);
    }
    throw new MusterError('CONFLICT', `node ${hello.name} is being changed by somebody else`);
  }

  /** Writes a record down again that the store lost. False where its name is another node's now. */
  async restore(node: InventoryNode): Promise<boolean> {
    const { uid, name } = node;
    const revision = await this.#claims.claim({
      uid,
      if: absent({ uid, name }),
      then: () => [
        { put: keys.node(uid), value: values.node.encode(node) },
        { put: keys.name(name), value: nameValue.encode(uid) },
      ],
    });
    return revision !== undefined || (await this.#store.get(keys.node(uid))) !== undefined;
  }

  /** What an operator changes of one node. UNKNOWN_NODE where it is gone, STORE_UNCONFIRMED while the store is read-only. */
  async update(uid: NodeUid, change: (node: InventoryNode) => InventoryNode): Promise<InventoryNode> {
    this.#cluster.requireConfirmed();
    return await this.#change(uid, change);
  }

  /** Writes down when the node was last seen. UNKNOWN_NODE where it is gone. */
  async seen(uid: NodeUid, lastSeenUnixMs: number): Promise<void> {
    await this.#change(uid, (node) => ({ ...node, lastSeenUnixMs }));
  }

  /** Reads, changes and writes one node. */
  async #change(uid: NodeUid, change: (node: InventoryNode) => InventoryNode): Promise<InventoryNode> {
    for (let tries = 0; tries < maxTries; tries += 1) {
      const entry = await this.#store.get(keys.node(uid));
      if (entry === undefined) throw new MusterError('UNKNOWN_NODE', `no node ${uid}`, { field: 'node' });
      const changed = change(decodeNode(entry.value));
      const { succeeded } = await this.#store.commit({
        if: [{ key: entry.key, modRevision: entry.modRevision }],
        then: [{ put: entry.key, value: values.node.encode(changed) }],
      });
      if (succeeded) return changed;
    }
    throw new MusterError('CONFLICT', `node ${uid} is being changed by somebody else`);
  }

  /** Forgets a node; NODE_CONNECTED while any replica holds it, STORE_UNCONFIRMED while the store is read-only. */
  async remove(node: InventoryNode): Promise<void> {
    this.#cluster.requireConfirmed();
    const { succeeded, entries } = await this.#store.commit({
      if: [
        { key: keys.presence(node.uid), exists: false },
        { key: keys.name(node.name), value: nameValue.encode(node.uid) },
      ],
      then: [{ delete: keys.node(node.uid) }, { delete: keys.name(node.name) }],
      get: [keys.presence(node.uid)],
    });
    if (succeeded) return;
    if (entries[0] === undefined)
      throw new MusterError('UNKNOWN_NODE', `no node is called ${node.name}`, { field: 'node' });
    throw new MusterError('NODE_CONNECTED', `node ${node.name} is connected; stop its agent first`, { field: 'node' });
  }

  async #read(uid: NodeUid): Promise<Known> {
    const entry = await this.#store.get(keys.node(uid));
    return entry && { node: decodeNode(entry.value), modRevision: entry.modRevision };
  }

  async #requireFree(name: string, uid: NodeUid): Promise<void> {
    const owner = await this.#store.get(keys.name(name));
    if (owner !== undefined && nameValue.decode(owner.value) !== uid) {
      throw nameTaken(`the name ${name} belongs to node ${nameValue.decode(owner.value)}; remove that node first`);
    }
  }
}

export function decodeNode(value: Buffer): InventoryNode {
  const record = values.node.decode(value);
  return { ...record, uid: record.uid as NodeUid };
}

const absent = ({ uid, name }: Pick<InventoryNode, 'uid' | 'name'>) => [
  { key: keys.node(uid), exists: false },
  { key: keys.name(name), exists: false },
];

const nameTaken = (message: string): MusterError => new MusterError('NAME_TAKEN', message, { field: 'hello.name' });

/** The node as it says it is now; the same object where nothing changed, so that coming back costs no write of it. */
function refreshed(hello: CompleteHello, before: InventoryNode | undefined, nowUnixMs: number): InventoryNode {
  if (before !== undefined && before.version === hello.version && sameEntries(before.facts, hello.facts)) return before;
  return {
    uid: hello.uid,
    name: hello.name,
    labels: before?.labels ?? hello.labels,
    facts: hello.facts,
    cordoned: before?.cordoned ?? false,
    version: hello.version,
    registeredUnixMs: before?.registeredUnixMs ?? nowUnixMs,
    lastSeenUnixMs: nowUnixMs,
  };
}

function sameEntries(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keysOfA = Object.keys(a);
  return keysOfA.length === Object.keys(b).length && keysOfA.every((key) => a[key] === b[key]);
}
