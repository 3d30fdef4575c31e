import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  keys,
  parseJobKey,
  parseJobOf,
  parseNameOf,
  parseNodeOf,
  parseReplicaOf,
  parseResultKey,
} from '../../../server/store/keys.ts';
import { emptyValue, nameValue, values } from '../../../server/store/values.ts';
import { newJobId, newNodeUid } from '../../../shared/ids.ts';

test('every key is read back as what it was made of', () => {
  const [job, node] = [newJobId(), newNodeUid()];
  assert.deepEqual(parseJobKey(keys.order(job)), { job, part: 'order' });
  assert.deepEqual(parseJobKey(keys.state(job)), { job, part: 'state' });
  assert.deepEqual(parseJobKey(keys.target(job, 7)), { job, part: 'targets/000007' });
  assert.deepEqual(parseJobKey(keys.stdin(job, 31)), { job, part: 'stdin/000031' });
  assert.deepEqual(parseResultKey(keys.result(job, 1234, 5)), { job, createRevision: 1234, n: 5 });
  assert.equal(parseJobOf(keys.open(job)), job);
  assert.equal(parseJobOf(keys.coordinator(job)), job);
  assert.equal(parseNodeOf(keys.node(node)), node);
  assert.equal(parseNodeOf(keys.presence(node)), node);
  assert.equal(parseNameOf(keys.name('web-1')), 'web-1');
  assert.equal(parseReplicaOf(keys.replica('a')), 'a');
});

test('what is no such key is read as nothing', () => {
  const job = newJobId();
  for (const key of ['', 'jobs/', 'jobs/x/order', `jobs/${job}`, `jobs/${job}/`, `jobs/${job.toUpperCase()}x/order`]) {
    assert.equal(parseJobKey(key), undefined, key);
  }
  for (const key of [`open/${job}/x`, `jobs/${job}`, 'open/', 'open/../x'])
    assert.equal(parseJobOf(key), undefined, key);
  for (const key of ['nodes/', 'nodes/x', `names/${job}`]) assert.equal(parseNodeOf(key), undefined, key);
  for (const key of [keys.order(job), `jobs/${job}/results/1`, `jobs/${job}/results/a-b`]) {
    assert.equal(parseResultKey(key), undefined, key);
  }
  assert.equal(parseNameOf('names/'), undefined);
});

test('chunks and batches sort as they were written', () => {
  const job = newJobId();
  const written = [
    ...[0, 9, 10, 99, 100, 2000].map((n) => keys.target(job, n)),
    ...[9, 10, 100_000].flatMap((revision) => [2, 10].map((n) => keys.result(job, revision, n))),
  ].sort();
  assert.deepEqual(
    written.slice(0, 6),
    [9, 10, 100_000].flatMap((revision) => [2, 10].map((n) => keys.result(job, revision, n))),
  );
  assert.deepEqual(
    written.slice(6),
    [0, 9, 10, 99, 100, 2000].map((n) => keys.target(job, n)),
  );
  assert.throws(() => keys.target(job, -1), RangeError);
  assert.throws(() => keys.result(job, Number.NaN, 0), RangeError);
});

test('the end of a job sorts after its keys and before the next job', () => {
  const [first, second] = [newJobId(), newJobId()].sort() as [ReturnType<typeof newJobId>, ReturnType<typeof newJobId>];
  const order = [
    keys.order(first),
    keys.result(first, 1, 1),
    keys.stdin(first, 1),
    keys.target(first, 1),
    keys.jobEnd(first),
    keys.order(second),
  ];
  assert.deepEqual([...order].sort(), order);
});

test('values survive their codec, large numbers and raw bytes included', () => {
  const order = {
    order: Buffer.from([0, 255, 10]),
    signature: Buffer.alloc(0),
    submittedUnixMs: 1_795_448_219_674,
    targetChunks: 3,
  };
  const decoded = values.order.decode(values.order.encode(order));
  assert.equal(decoded.submittedUnixMs, order.submittedUnixMs);
  assert.deepEqual(Buffer.from(decoded.order), order.order);
  assert.equal(decoded.stdinChunks, 0);
  const labels = { role: 'web', ['__proto__']: 'x' };
  assert.deepEqual(values.node.decode(values.node.encode({ uid: 'u', labels })).labels.role, 'web');
  const uid = newNodeUid();
  assert.equal(nameValue.decode(nameValue.encode(uid)), uid);
  assert.equal(emptyValue.length, 0);
  assert.throws(() => values.order.decode(Buffer.from([0xff, 0xff])));
});
