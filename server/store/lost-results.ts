import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import type { Clock } from '../../shared/time.ts';
import { keys } from './keys.ts';
import type { Store } from './store.ts';
import { values } from './values.ts';

/** An end whose job the store does not know. */
export interface StrayResult {
  readonly execution: ExecutionId;
  /** Name of the node that brought it. */
  readonly node: string;
  readonly result: ExecutionResult;
}

const maxKept = 10_000;
const putsACommit = 40;
const page = 10_000;

/** Where ends are kept whose jobs the store has lost: a bounded place of their own, for people to read. */
export class LostResults {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #max: number;
  /** How many there were when last looked, and those added here since. */
  #known: number | undefined;

  constructor(options: { store: Store; clock: Clock; max?: number }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#max = options.max ?? maxKept;
  }

  /** Keeps what there is room for; when it resolves all of them may be released. The first end of an execution stands. */
  async keep(strays: readonly StrayResult[]): Promise<void> {
    const receivedUnixMs = this.#clock.now();
    for (let from = 0; from < strays.length; from += putsACommit) {
      this.#known ??= await this.count();
      const room = this.#max - this.#known;
      const some = strays.slice(from, from + Math.min(putsACommit, room));
      if (some.length === 0) return;
      const { entries } = await this.#store.commit({
        then: [],
        get: some.map(({ execution }) => keys.lostResult(execution)),
      });
      const fresh = some.filter((_, index) => entries[index] === undefined);
      if (fresh.length === 0) continue;
      const { succeeded } = await this.#store.commit({
        if: fresh.map(({ execution }) => ({ key: keys.lostResult(execution), exists: false })),
        then: fresh.map(({ execution, node, result }) => {
          return { put: keys.lostResult(execution), value: values.lostResult.encode({ node, result, receivedUnixMs }) };
        }),
      });
      // Brought to two replicas at once: look again.
      if (!succeeded) from -= putsACommit;
      else this.#known += fresh.length;
    }
  }

  async count(): Promise<number> {
    let count = 0;
    let after: string | undefined;
    for (let more = true; more; ) {
      const found = await this.#store.list(keys.lostResultPrefix, {
        limit: page,
        ...(after !== undefined && { after }),
      });
      count += found.entries.length;
      after = found.entries.at(-1)?.key;
      more = found.more && after !== undefined;
    }
    this.#known = count;
    return count;
  }
}
