import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findProgram } from '../../../cli/up/find-program.ts';
import { localPlan } from '../../../cli/up/local-plan.ts';
import { UsageError } from '../../../cli/usage-error.ts';

const dir = mkdtempSync(join(tmpdir(), 'muster-plan-'));
const folder = { path: (...parts: readonly string[]) => join('/state', ...parts) };
const base = { folder, replicas: 3, listen: '127.0.0.1:7500', http: '127.0.0.1:7501', etcd: undefined, path: dir };
before(() => {
  writeFileSync(join(dir, 'etcd'), '#!/bin/sh\n');
  chmodSync(join(dir, 'etcd'), 0o755);
  writeFileSync(join(dir, 'plain'), 'no program');
  mkdirSync(join(dir, 'sub'));
});
after(() => rmSync(dir, { recursive: true, force: true }));

test('one replica keeps its store in the folder and needs nothing else', () => {
  assert.deepEqual(localPlan({ ...base, replicas: 1, path: '' }), {
    replicas: [{ name: 'local', listen: '127.0.0.1:7500', http: '127.0.0.1:7501' }],
    store: 'embedded:/state/store',
    nodesFolder: '/state/nodes',
    etcd: undefined,
  });
});

test('three replicas share an etcd, each on ports of its own, and their nodes know another store than those of one', () => {
  const plan = localPlan(base);
  assert.deepEqual(
    plan.replicas.map(({ name, listen, http }) => `${name} ${listen} ${http}`),
    [
      'replica-1 127.0.0.1:7500 127.0.0.1:7501',
      'replica-2 127.0.0.1:7510 127.0.0.1:7511',
      'replica-3 127.0.0.1:7520 127.0.0.1:7521',
    ],
  );
  assert.equal(plan.store, 'etcd://127.0.0.1:7530/muster');
  assert.equal(plan.nodesFolder, '/state/cluster/nodes');
  assert.equal(plan.etcd?.argv[0], join(dir, 'etcd'));
  assert.ok(plan.etcd?.argv.includes('--data-dir=/state/cluster/etcd'));
  assert.ok(plan.etcd?.argv.includes('--listen-peer-urls=http://127.0.0.1:7531'));
});

test('without an etcd the error names the package and the flag', () => {
  const usage = (pattern: RegExp) => (error: unknown) => error instanceof UsageError && pattern.test(error.message);
  assert.throws(
    () => localPlan({ ...base, path: '' }),
    usage(/none on PATH.*apt-get install etcd-server.*--etcd PATH/),
  );
  assert.throws(() => localPlan({ ...base, etcd: '/no/such' }), usage(/--etcd: \/no\/such is no program.*etcd-server/));
  assert.throws(() => localPlan({ ...base, replicas: 1, etcd: 'etcd' }), usage(/--etcd is for --replicas 2/));
});

test('ports that can not follow are refused', () => {
  assert.throws(() => localPlan({ ...base, listen: '127.0.0.1:65530' }), UsageError);
  assert.throws(() => localPlan({ ...base, http: '127.0.0.1:0' }), UsageError);
});

test('a program is found on PATH or by its path; folders and plain files are none', () => {
  assert.equal(findProgram('etcd', `/no/such::${dir}`), join(dir, 'etcd'));
  assert.equal(findProgram(join(dir, 'etcd')), join(dir, 'etcd'));
  for (const name of ['plain', 'sub', 'missing']) assert.equal(findProgram(name, dir), undefined);
});
