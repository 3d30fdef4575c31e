import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { storeError } from '../../../server/store/etcd/store-error.ts';

const errorOf = (code: status, details: string) => Object.assign(new Error(details), { code, details });
const deadline = 'Deadline exceeded after 1.700s,name resolution: 0.001s,metadata filters: 0.000s,Waiting for LB pick';
const refused =
  'No connection established. Last error: connect ECONNREFUSED 10.0.0.1:2379 (2026-11-23T20:00:00.000Z). Resolution note: ';
const tls = 'No connection established. Last error: certificate has expired (2026-11-23). Resolution note: x';
for (const [code, details, message] of [
  [status.DEADLINE_EXCEEDED, deadline, 'etcd at h:1 does not answer'],
  [status.UNAVAILABLE, refused, 'etcd at h:1 can not be reached (ECONNREFUSED)'],
  [status.UNAVAILABLE, 'etcdserver: no leader', 'etcd at h:1 says: no leader'],
  [status.UNAVAILABLE, 'Connection dropped', 'etcd at h:1 can not be reached: the connection broke'],
  [status.UNAVAILABLE, tls, 'etcd at h:1 can not be reached: certificate has expired (2026-11-23)'],
  [status.INTERNAL, 'Received RST_STREAM with code 2', 'etcd at h:1 fails: Received RST_STREAM with code 2'],
] as const) {
  test(`what keeps the store from answering is said in plain words: ${message}`, () => {
    const cause = errorOf(code, details);
    const error = storeError(cause, 'h:1');
    assert.deepEqual([error.reason, error.message, error.cause], ['STORE_UNAVAILABLE', message, cause]);
  });
}
