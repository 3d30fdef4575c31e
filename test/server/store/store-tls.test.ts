import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readStoreTls } from '../../../server/store/store-tls.ts';
import { writeEtcdCerts } from '../../harness/etcd-certs.ts';

const folder = mkdtempSync(join(tmpdir(), 'muster-tls-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const none = { storeCa: undefined, storeCert: undefined, storeKey: undefined };
const store = 'etcds://localhost:2379/muster';

test('what TLS to the store needs is read from files; a store without TLS needs none', async () => {
  const { ca, cert, key } = await writeEtcdCerts(folder);
  const tls = await readStoreTls(store, { storeCa: ca, storeCert: cert, storeKey: key });
  assert.match(tls?.rootCertificate?.toString() ?? '', /BEGIN CERTIFICATE/);
  assert.match(tls?.privateKey?.toString() ?? '', /BEGIN PRIVATE KEY/);
  assert.ok(tls?.certificate);
  assert.deepEqual(await readStoreTls(store, none), {});
  assert.equal(await readStoreTls('etcd://127.0.0.1:2379', none), undefined);
});

test('a file that is missing, is no PEM, or lacks its other half is an error that names the flag', async () => {
  const { ca, cert, key } = await writeEtcdCerts(folder);
  const text = join(folder, 'text');
  writeFileSync(text, 'hello');
  const cases = [
    [store, { ...none, storeCa: join(folder, 'missing') }, '--store-ca', /can not be read/],
    [store, { ...none, storeCa: text }, '--store-ca', /is no PEM file with a certificate/],
    [store, { ...none, storeCa: key }, '--store-ca', /is no PEM file with a certificate/],
    [store, { ...none, storeCert: cert }, '--store-key', /needed beside --store-cert/],
    [store, { ...none, storeKey: key }, '--store-cert', /needed beside --store-key/],
    [store, { storeCa: ca, storeCert: cert, storeKey: cert }, '--store-key', /is no PEM file with a private key/],
    ['etcd://127.0.0.1:2379', { ...none, storeCa: ca }, '--store-ca', /must begin with etcds/],
  ] as const;
  for (const [url, files, field, message] of cases) {
    await assert.rejects(readStoreTls(url, files), { reason: 'INVALID_FIELD', field, message });
  }
});
