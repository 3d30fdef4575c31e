import type { Committed, Store, Transaction } from './store.ts';

export type CommitObserver = (outcome: 'committed' | 'compare-failed' | 'failed', durationMs: number) => void;

/** The same store, its transactions told to an observer. */
export function measured(store: Store, observe: CommitObserver): Store {
  const commit = async (transaction: Transaction): Promise<Committed> => {
    const started = performance.now();
    try {
      const committed = await store.commit(transaction);
      observe(committed.succeeded ? 'committed' : 'compare-failed', performance.now() - started);
      return committed;
    } catch (error) {
      observe('failed', performance.now() - started);
      throw error;
    }
  };
  return {
    driver: store.driver,
    get life() {
      return store.life;
    },
    get: (key) => store.get(key),
    list: (prefix, options) => store.list(prefix, options),
    commit,
    watch: (prefix, fromRevision, signal) => store.watch(prefix, fromRevision, signal),
    lease: (termMs) => store.lease(termMs),
    revision: () => store.revision(),
    close: () => store.close(),
  };
}
