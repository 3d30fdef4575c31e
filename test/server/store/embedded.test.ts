import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { EmbeddedStore } from '../../../server/store/embedded/embedded-store.ts';
import { CompactedError } from '../../../server/store/store.ts';
import { createLog } from '../../../shared/log.ts';
import { type Bench, bytes, collect, keyOf, listAll, put, until } from './conformance/bench.ts';
import { conformance } from './conformance.ts';
import { JumpClock } from './jump-clock.ts';

const log = createLog('test', 'silent');
const historyRevisions = 10_000;

function newFolder(test: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'muster-store-'));
  test.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function setUp(test: TestContext): Promise<Bench> {
  const path = newFolder(test);
  const clock = new JumpClock();
  const open = () => EmbeddedStore.open({ path, log, clock, historyRevisions });
  const bench = {
    store: await open(),
    client: async () => bench.store,
    async restart() {
      await bench.store.close();
      bench.store = await open();
    },
    interrupt: () => bench.restart(),
    async compact() {
      // Nobody asks the embedded store for it: it forgets what is too long ago.
      for (let n = 0; n < historyRevisions * 1.1 + 1; n += 1000) {
        await Promise.all(Array.from({ length: 1000 }, () => bench.store.commit({ then: [put('filler')] })));
      }
    },
    starve(termMs: number) {
      clock.jump(2 * termMs);
      return { relent: () => undefined };
    },
  };
  test.after(() => bench.store.close());
  return bench;
}

conformance('embedded', setUp);

async function startWriter(test: TestContext, path: string): Promise<{ child: ChildProcess; written: () => number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'store-writer.ts'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  test.after(() => child.kill('SIGKILL'));
  let last = 0;
  assert.ok(child.stdout);
  createInterface(child.stdout).on('line', (line) => {
    last = Math.max(last, Number(line));
  });
  await until(() => last > 0 || child.exitCode !== null, 'the writer writes');
  return { child, written: () => last };
}

test('embedded: whatever was committed is there after the process was killed', async (t) => {
  const path = newFolder(t);
  for (const target of [300, 600]) {
    const { child, written } = await startWriter(t, path);
    await until(() => written() >= target, `${target} commits`);
    child.kill('SIGKILL');
    await once(child, 'close');
    const store = await EmbeddedStore.open({ path, log });
    const keys = new Set((await listAll(store, 'n/')).map(({ key }) => key));
    const missing = Array.from({ length: written() }, (_, n) => `n/${n + 1}`).filter((key) => !keys.has(key));
    await store.close();
    assert.deepEqual(missing, []);
  }
});

test('embedded: a second process is refused and told what embedded is for', async (t) => {
  const path = newFolder(t);
  const { child, written } = await startWriter(t, path);
  await assert.rejects(EmbeddedStore.open({ path, log }), {
    reason: 'STORE_UNAVAILABLE',
    message: /another process.*single replica.*etcd/,
  });
  const before = written();
  await until(() => written() > before, 'the first goes on');
  child.kill('SIGKILL');
  await once(child, 'close');
  await (await EmbeddedStore.open({ path, log })).close();
});

test('embedded: a second store in the same process is refused too, and the first keeps its lock', async (t) => {
  const path = newFolder(t);
  const first = await EmbeddedStore.open({ path, log });
  for (let n = 0; n < 2; n++) await assert.rejects(EmbeddedStore.open({ path, log }), { message: /another process/ });
  await first.commit({ then: [put('a')] });
  await first.close();
});

test('embedded: the leases of a process that was killed are void when the next opens, which a resumed watch sees', async (t) => {
  const path = newFolder(t);
  const { child, written } = await startWriter(t, path);
  await until(() => written() >= 100, 'commits under a lease');
  child.kill('SIGKILL');
  await once(child, 'close');
  const store = await EmbeddedStore.open({ path, log });
  t.after(() => store.close());
  assert.equal(await store.get('presence/writer'), undefined);
  const events = await collect({ store }, 'presence/', 2, 2);
  assert.deepEqual(
    events.map((event) => `${event.type} ${keyOf(event)}`),
    ['put presence/writer', 'delete presence/writer'],
  );
});

test('embedded: a reader that stands still longer than the history lasts is told so', async (t) => {
  const path = newFolder(t);
  const store = await EmbeddedStore.open({ path, log, historyRevisions: 100 });
  t.after(() => store.close());
  const watch = store.watch('w/', 2, new AbortController().signal)[Symbol.asyncIterator]();
  await store.commit({ then: [put('w/a')] });
  assert.equal((await watch.next()).value?.events.length, 1);
  for (let n = 0; n < 300; n++) await store.commit({ then: [put('w/a', `${n}`)] });
  await assert.rejects(async () => {
    while (true) await watch.next();
  }, CompactedError);
});

test('embedded: a watch of a quiet prefix outlives the history that passes it by', async (t) => {
  const path = newFolder(t);
  const store = await EmbeddedStore.open({ path, log, historyRevisions: 100 });
  t.after(() => store.close());
  const watch = store.watch('quiet/', 2, new AbortController().signal)[Symbol.asyncIterator]();
  const next = watch.next();
  for (let n = 0; n < 300; n++) await store.commit({ then: [put('loud', `${n}`)] });
  await store.commit({ then: [put('quiet/a')] });
  assert.deepEqual((await next).value?.events.map(keyOf), ['quiet/a']);
});

test('embedded: history that is dropped keeps what lives, and the revision, across a restart', async (t) => {
  const path = newFolder(t);
  let store = await EmbeddedStore.open({ path, log, historyRevisions: 10 });
  await store.commit({ then: [put('old', 'kept'), { put: 'empty', value: bytes('') }] });
  for (let n = 0; n < 200; n++) await store.commit({ then: [n % 2 === 0 ? put('a') : { delete: 'a' }] });
  const revision = await store.revision();
  await store.close();
  store = await EmbeddedStore.open({ path, log, historyRevisions: 10 });
  t.after(() => store.close());
  assert.equal(await store.revision(), revision);
  assert.deepEqual(
    (await store.list('')).entries.map(({ key, createRevision }) => [key, createRevision]),
    [
      ['empty', 2],
      ['old', 2],
    ],
  );
});

test('embedded: a folder that can not be made is an error that says so', async (t) => {
  const path = join(newFolder(t), 'file');
  const { writeFileSync } = await import('node:fs');
  writeFileSync(path, '');
  await assert.rejects(EmbeddedStore.open({ path, log }), { reason: 'STORE_UNAVAILABLE', message: /file/ });
});
