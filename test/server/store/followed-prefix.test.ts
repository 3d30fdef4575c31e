import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { EmbeddedStore } from '../../../server/store/embedded/embedded-store.ts';
import { FollowedPrefix, type PrefixSink } from '../../../server/store/followed-prefix.ts';
import { CompactedError, type ListOptions, type Store } from '../../../server/store/store.ts';
import { MusterError } from '../../../shared/errors.ts';
import { eventually, silent } from '../../harness/agent-connection.ts';

/** A real store of which a test says when its history is gone, when it can not be listed, and that it is an older one. */
class UnsteadyStore {
  readonly store: Store;
  readonly inner: Store;
  readonly watchedFrom: number[] = [];
  life = 0;
  /** So many listings from now reject. */
  failListings = 0;
  onList: (options: ListOptions) => void = () => {};
  listings = 0;
  #compacted = new AbortController();

  constructor(inner: Store) {
    const unsteady = this;
    this.inner = inner;
    this.store = Object.create(inner, {
      life: { get: () => this.life },
      list: {
        value: async (prefix: string, options: ListOptions = {}) => {
          unsteady.listings += 1;
          unsteady.onList(options);
          if (unsteady.failListings-- > 0) throw new MusterError('STORE_UNAVAILABLE', 'the store is away');
          return await inner.list(prefix, options);
        },
      },
      watch: {
        value: async function* (prefix: string, from: number, signal: AbortSignal) {
          unsteady.watchedFrom.push(from);
          const compacted = unsteady.#compacted.signal;
          yield* inner.watch(prefix, from, AbortSignal.any([signal, compacted]));
          if (compacted.aborted) throw new CompactedError(1);
        },
      },
    }) as Store;
  }

  compact(): void {
    this.#compacted.abort();
    this.#compacted = new AbortController();
  }
}

let folder: string;
let unsteady: UnsteadyStore;
let followed: FollowedPrefix | undefined;
let picture: Map<string, string>;
let told: string[];
const sink: PrefixSink = {
  begin: (anew) => void told.push(anew ? 'anew' : 'begin'),
  list: (entries) => {
    told.push(`page of ${entries.length}`);
    for (const { key, value } of entries) picture.set(key, value.toString());
  },
  done: (seen) => {
    told.push(`done ${seen.size}`);
    for (const key of [...picture.keys()]) if (!seen.has(key)) picture.delete(key);
  },
  event: (event) => {
    if (event.type === 'put') picture.set(event.entry.key, event.entry.value.toString());
    else picture.delete(event.key);
  },
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-followed-'));
  unsteady = new UnsteadyStore(await EmbeddedStore.open({ path: folder, log: silent }));
  picture = new Map();
  told = [];
});
afterEach(async () => {
  await followed?.close();
  followed = undefined;
  await unsteady.inner.close();
  rmSync(folder, { recursive: true, force: true });
});

const put = (key: string, value = '') =>
  unsteady.inner.commit({ then: [{ put: `jobs/${key}`, value: Buffer.from(value) }] });
const remove = (key: string) => unsteady.inner.commit({ then: [{ delete: `jobs/${key}` }] });
const seen = (): string => [...picture].map(([key, value]) => `${key.slice('jobs/'.length)}${value}`).join();
const follow = async (pageEntries = 10): Promise<void> => {
  followed = new FollowedPrefix({ store: unsteady.store, prefix: 'jobs/', pageEntries, log: silent, sink });
  await followed.start();
};

test('what is there is listed in pages that agree with each other, then every change is told', async () => {
  for (const key of ['a', 'b', 'c', 'd', 'e']) await put(key);
  const revisions = new Set<number | undefined>();
  unsteady.onList = ({ after, revision }) => after !== undefined && revisions.add(revision);
  const before = await unsteady.inner.revision();
  await follow(2);
  assert.deepEqual(told, ['begin', 'page of 2', 'page of 2', 'page of 1', 'done 5']);
  assert.deepEqual([...revisions], [before]);
  await put('f');
  await remove('a');
  await eventually(() => seen() === 'b,c,d,e,f', 'both changes');
});

test('after a compaction it lists again: who came is there, who went is gone, and the watch goes on from there', async () => {
  await put('a');
  await follow();
  await eventually(() => unsteady.watchedFrom.length === 1, 'the watch');
  unsteady.compact();
  await remove('a');
  await put('b');
  await eventually(() => seen() === 'b', 'b alone');
  await put('c');
  await eventually(() => seen() === 'b,c', 'c, by the new watch');
});

test('a listing that fails after a compaction is still owed: nothing is watched from the old revision', async () => {
  await put('a');
  await follow();
  await eventually(() => unsteady.watchedFrom.length === 1, 'the watch');
  // The history that is gone held this: a watch from the old revision on would tell it, one of a store that was restored would not.
  unsteady.failListings = 2;
  unsteady.compact();
  await eventually(() => unsteady.listings === 4, 'the third listing since');
  await eventually(() => unsteady.watchedFrom.length === 2, 'the watch after it');
  assert.deepEqual(told, ['begin', 'page of 1', 'done 1', 'begin', 'begin', 'begin', 'page of 1', 'done 1']);
});

test('a listing that breaks off between two pages begins anew', async () => {
  for (const key of ['a', 'b', 'c']) await put(key);
  await follow(2);
  await eventually(() => unsteady.watchedFrom.length === 1, 'the watch');
  let breaks = 1;
  unsteady.onList = ({ after }) => {
    if (after === undefined || breaks-- <= 0) return;
    throw new CompactedError(1);
  };
  told = [];
  unsteady.compact();
  await eventually(() => unsteady.watchedFrom.length === 2, 'the next watch');
  assert.deepEqual(told, ['begin', 'page of 2', 'begin', 'page of 2', 'page of 1', 'done 3']);
});

test('a store that is older than it was is said so before its listing, until one of it is complete', async () => {
  await put('a');
  await follow();
  await eventually(() => unsteady.watchedFrom.length === 1, 'the watch');
  told = [];
  unsteady.life = 1;
  unsteady.failListings = 1;
  unsteady.compact();
  await eventually(() => unsteady.watchedFrom.length === 2, 'the next watch');
  unsteady.compact();
  await eventually(() => unsteady.watchedFrom.length === 3, 'the one after');
  assert.deepEqual(told, ['anew', 'anew', 'page of 1', 'done 1', 'begin', 'page of 1', 'done 1']);
});

test('a store that is set back while it is listed is listed again', async () => {
  await put('a');
  unsteady.onList = () => {
    unsteady.life = 1;
  };
  await follow();
  assert.deepEqual(told, ['begin', 'page of 1', 'done 1', 'anew', 'page of 1', 'done 1']);
});

test('where nothing can be listed at the start, that is said', async () => {
  unsteady.failListings = 1;
  await assert.rejects(follow(), { reason: 'STORE_UNAVAILABLE' });
});
