import { EmbeddedStore } from '../../../server/store/embedded/embedded-store.ts';
import { createLog } from '../../../shared/log.ts';

// Commits n/1, n/2, … for ever, several at a time, and prints each number once all up to it are committed.
const path = process.argv[2] as string;
const store = await EmbeddedStore.open({ path, log: createLog('writer', 'silent') });
const lease = await store.lease(60_000);
await store.commit({ then: [{ put: 'presence/writer', value: Buffer.from('x'), lease }] });
for (let n = 1; ; n += 5) {
  const numbers = [n, n + 1, n + 2, n + 3, n + 4];
  await Promise.all(
    numbers.map((each) => store.commit({ then: [{ put: `n/${each}`, value: Buffer.alloc(300, each) }] })),
  );
  process.stdout.write(`${n + 4}\n`);
}
