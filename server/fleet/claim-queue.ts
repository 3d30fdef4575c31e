import { MusterError } from '../../shared/errors.ts';
import type { NodeUid } from '../../shared/ids.ts';
import type { Compare, Lease, Operation, Store } from '../store/store.ts';

/** One claim: what must hold for it, and what it writes. */
export interface Claim {
  /** The node it is about: its presence hangs on the lease of this uid. */
  readonly uid: NodeUid;
  readonly if: readonly Compare[];
  readonly then: (lease: Lease) => readonly Operation[];
}

const maxOperations = 100;
/** Well under the store's bound on one transaction. */
const maxBytes = 512 * 1024;

interface Waiting {
  readonly claim: Claim;
  readonly resolve: (revision: number | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Commits claims of sessions in groups: what arrives while one transaction is on its way shares the next. A thousand agents
 * that return at once cost tens of commits, one agent waits for nobody.
 */
export class ClaimQueue {
  readonly #store: Store;
  readonly #lease: (uid: NodeUid) => Lease;
  readonly #waiting: Waiting[] = [];
  #committing = false;

  constructor(options: { store: Store; lease: (uid: NodeUid) => Lease }) {
    this.#store = options.store;
    this.#lease = options.lease;
  }

  /** The revision of the claiming write, or undefined where its conditions did not hold. */
  claim(claim: Claim): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ claim, resolve, reject });
      if (!this.#committing) void this.#commitAll();
    });
  }

  async #commitAll(): Promise<void> {
    this.#committing = true;
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      try {
        if (group.length > 1 && (await this.#commit(group))) continue;
      } catch (error) {
        if (this.#refusedAll(group, error)) continue;
      }
      // One of them does not hold or can't be stored: each for itself, so that it spoils only its own.
      for (let next = group.shift(); next !== undefined; next = group.shift()) {
        try {
          await this.#commit([next]);
        } catch (error) {
          next.reject(error);
          this.#refusedAll(group, error);
        }
      }
    }
    this.#committing = false;
  }

  /** A store that is away takes its time to say so: who waits behind would wait that long again, one after another. */
  #refusedAll(group: Waiting[], error: unknown): boolean {
    if (!(error instanceof MusterError && error.reason === 'STORE_UNAVAILABLE')) return false;
    for (const { reject } of [...group.splice(0), ...this.#waiting.splice(0)]) reject(error);
    return true;
  }

  /** As many as fit into one transaction, which may write no key twice. */
  #takeGroup(): Waiting[] {
    const group: Waiting[] = [];
    const written = new Set<string>();
    let [count, bytes] = [0, 0];
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const operations = next.claim.then(this.#lease(next.claim.uid));
      count += next.claim.if.length + operations.length;
      bytes += operations.reduce((sum, operation) => sum + ('value' in operation ? operation.value.length : 0), 0);
      const keys = operations.map(keyOf);
      if (group.length > 0 && (count > maxOperations || bytes > maxBytes || keys.some((key) => written.has(key))))
        break;
      for (const key of keys) written.add(key);
      group.push(next);
      this.#waiting.shift();
    }
    return group;
  }

  async #commit(group: readonly Waiting[]): Promise<boolean> {
    const committed = await this.#store.commit({
      if: group.flatMap(({ claim }) => claim.if),
      then: group.flatMap(({ claim }) => claim.then(this.#lease(claim.uid))),
    });
    if (committed.succeeded) for (const waiting of group) waiting.resolve(committed.revision);
    else if (group.length === 1) group[0]?.resolve(undefined);
    return committed.succeeded;
  }
}

function keyOf(operation: Operation): string {
  if ('put' in operation) return operation.put;
  return 'delete' in operation ? operation.delete : operation.deletePrefix;
}
