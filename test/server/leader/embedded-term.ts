import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { LeaderTerm } from '../../../server/leader/leader-term.ts';
import { EmbeddedStore } from '../../../server/store/embedded/embedded-store.ts';
import { keys } from '../../../server/store/keys.ts';
import { createLog } from '../../../shared/log.ts';

/** A store on disk, and a term of a leader in it. */
export async function embeddedTerm(t: TestContext): Promise<{ store: EmbeddedStore; term: LeaderTerm }> {
  const path = mkdtempSync(join(tmpdir(), 'muster-leader-'));
  const store = await EmbeddedStore.open({ path, log: createLog('test', 'silent') });
  t.after(async () => {
    await store.close();
    rmSync(path, { recursive: true, force: true });
  });
  const { revision } = await store.commit({ then: [{ put: keys.leader, value: Buffer.from('x') }] });
  return { store, term: new LeaderTerm({ store, revision, fenced: () => false }) };
}

/** The keys under a prefix. */
export const keysUnder = async (store: EmbeddedStore, prefix: string): Promise<string[]> =>
  (await store.list(prefix)).entries.map(({ key }) => key);
