import type { Compare, Lease, Operation, Store } from '../store/store.ts';

/** One claim: what must hold for it, and what it writes. */
export interface Claim {
  readonly if: readonly Compare[];
  readonly then: (lease: Lease) => readonly Operation[];
}

const maxOperations = 100;

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
  readonly #lease: () => Lease;
  readonly #waiting: Waiting[] = [];
  #committing = false;

  constructor(options: { store: Store; lease: () => Lease }) {
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
      const lease = this.#lease();
      const group = this.#takeGroup(lease);
      try {
        if (!(await this.#commit(group, lease))) {
          // One of them does not hold: each for itself, so that it spoils only its own.
          for (const waiting of group.length > 1 ? group : []) await this.#commit([waiting], lease);
        }
      } catch (error) {
        for (const waiting of group) waiting.reject(error);
      }
    }
    this.#committing = false;
  }

  #takeGroup(lease: Lease): Waiting[] {
    const group: Waiting[] = [];
    let operations = 0;
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined) return group;
      operations += next.claim.if.length + next.claim.then(lease).length;
      if (group.length > 0 && operations > maxOperations) return group;
      group.push(next);
      this.#waiting.shift();
    }
  }

  async #commit(group: readonly Waiting[], lease: Lease): Promise<boolean> {
    const committed = await this.#store.commit({
      if: group.flatMap(({ claim }) => claim.if),
      then: group.flatMap(({ claim }) => claim.then(lease)),
    });
    if (committed.succeeded) for (const waiting of group) waiting.resolve(committed.revision);
    else if (group.length === 1) group[0]?.resolve(undefined);
    return committed.succeeded;
  }
}
