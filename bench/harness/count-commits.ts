import { openStore } from '../../server/store/open.ts';
import type { Store } from '../../server/store/store.ts';
import { createLog } from '../../shared/log.ts';

/**
 * How many committed transactions wrote a key of each job, told from the store's own history, which must be whole. An embedded
 * store must not be open elsewhere.
 */
export async function countCommits(setting: string, jobs: readonly string[]): Promise<number[]> {
  const store = await openStore({ store: setting, log: createLog('bench', 'error') });
  try {
    const changed = await history(store);
    return jobs.map((job) => {
      const revisions = changed.filter(({ key }) => key.split('/').includes(job)).map(({ revision }) => revision);
      return new Set(revisions).size;
    });
  } finally {
    await store.close();
  }
}

interface Change {
  readonly key: string;
  readonly revision: number;
}

async function history(store: Store): Promise<Change[]> {
  const until = await store.revision();
  const changes: Change[] = [];
  // The last revision may be of another prefix, which no watch tells of: a write of our own ends it.
  const { revision } = await store.commit({ then: [{ put: 'bench/end', value: Buffer.alloc(0) }] });
  for await (const batch of store.watch('', 1, new AbortController().signal)) {
    for (const event of batch.events) {
      if (event.type === 'put') changes.push({ key: event.entry.key, revision: event.entry.modRevision });
      else changes.push({ key: event.key, revision: event.modRevision });
    }
    if (batch.revision >= revision) break;
  }
  return changes.filter((change) => change.revision <= until);
}
