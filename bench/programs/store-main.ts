// Muster's store as a replica opens it, for puts beside the bare ones.
import { openStore } from '../../server/store/open.ts';
import type { Store } from '../../server/store/store.ts';
import { createLog } from '../../shared/log.ts';
import { serveAsks } from '../harness/asks.ts';
import { inFlight } from '../raw/in-flight.ts';

const value = Buffer.alloc(512, 'value ');
let store: Store | undefined;

interface Puts {
  readonly transactions: number;
  readonly putsEach: number;
  readonly concurrency: number;
}

serveAsks({
  open: async (setting: string) => {
    store = await openStore({ store: setting, log: createLog('store', 'warn') });
  },
  puts: async ({ transactions, putsEach, concurrency }: Puts) => {
    const opened = store;
    if (opened === undefined) throw new Error('not open');
    return inFlight(transactions, concurrency, async (n) => {
      const begin = performance.now();
      await opened.commit({ then: Array.from({ length: putsEach }, (_, at) => ({ put: `bench/${n}/${at}`, value })) });
      return performance.now() - begin;
    });
  },
});
