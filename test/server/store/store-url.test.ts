import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '../../../server/store/open.ts';
import { parseStoreUrl } from '../../../server/store/store-url.ts';
import { createLog } from '../../../shared/log.ts';

const log = createLog('test', 'silent');

test('a store setting names the embedded folder, or endpoints and a prefix of etcd', () => {
  assert.deepEqual(parseStoreUrl('embedded:/var/lib/muster'), { driver: 'embedded', path: '/var/lib/muster' });
  const etcd = { driver: 'etcd', tls: false };
  assert.deepEqual(parseStoreUrl('etcd://a:2379'), { ...etcd, endpoints: ['a:2379'], prefix: 'muster/' });
  assert.deepEqual(parseStoreUrl('etcd://a:2379/'), { ...etcd, endpoints: ['a:2379'], prefix: 'muster/' });
  assert.deepEqual(parseStoreUrl('etcd://a.b:1,10.0.0.1:65535,[::1]:2379/x/y-z'), {
    ...etcd,
    endpoints: ['a.b:1', '10.0.0.1:65535', '[::1]:2379'],
    prefix: 'x/y-z/',
  });
  assert.deepEqual(parseStoreUrl('etcds://a:2379/p/'), { ...etcd, tls: true, endpoints: ['a:2379'], prefix: 'p/' });
});

test('a malformed store setting is refused with the field and the part at fault', async () => {
  const malformed: Record<string, RegExp> = {
    '': /""/,
    'sqlite:/x': /sqlite/,
    'embedded:': /not an absolute path/,
    'embedded:relative/dir': /relative\/dir.*not an absolute path/,
    'etcd:/a:2379': /etcd:\/a:2379/,
    'etcd://': /not host:port/,
    'etcd:///p': /not host:port/,
    'etcd://a': /"a" is not host:port/,
    'etcd://a:0': /"a:0"/,
    'etcd://a:65536': /"a:65536"/,
    'etcd://a:2379,': /"" is not host:port/,
    'etcd://a:1,a:1/p': /twice/,
    'etcd://u:p@a:2379': /not host:port/,
    'etcd://a:2379/p//q': /prefix/,
    'etcd://a:2379/p q': /prefix/,
  };
  for (const [store, message] of Object.entries(malformed)) {
    await assert.rejects(openStore({ store, log }), { reason: 'INVALID_FIELD', field: 'store', message }, store);
  }
});

test('a store setting opens what it names', async (t) => {
  const path = mkdtempSync(join(tmpdir(), 'muster-store-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  const store = await openStore({ store: `embedded:${path}/made/on/the/way`, log });
  assert.equal(store.driver, 'embedded');
  assert.equal(await store.revision(), 1);
  await store.close();
});
