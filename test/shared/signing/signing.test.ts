import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ExecutionResult } from '../../../proto/gen/muster/v1/ExecutionResult.ts';
import { executionId, newJobId } from '../../../shared/ids.ts';
import { payloadTypes, signedBytes } from '../../../shared/signing/dsse.ts';
import { PublicKey, SigningKey, uidOfKey } from '../../../shared/signing/keys.ts';
import { orderSignatureFault, orderSigners, signOrder } from '../../../shared/signing/order-signature.ts';
import { resultSignature, signResult } from '../../../shared/signing/result-signature.ts';

const key = SigningKey.generate();
const keys = new Map([[key.public.id, key.public]]);
const order = Buffer.from('an order');

test('what is signed is the DSSE pre-authentication encoding, type inside', () => {
  assert.equal(
    signedBytes(payloadTypes.order, Buffer.from('hello')).toString(),
    'DSSEv1 31 application/vnd.muster.order.v1 5 hello',
  );
});

test('a key comes back from its text and its PEM, and from nothing else', () => {
  assert.equal(PublicKey.fromText(key.public.text)?.id, key.public.id);
  assert.equal(SigningKey.fromPem(key.pem, 'k').public.id, key.public.id);
  for (const text of ['', 'ed25519:', `${key.public.text}A`, key.public.text.slice(0, -3), 'rsa:AAAA'])
    assert.equal(PublicKey.fromText(text), undefined, text);
  assert.throws(() => SigningKey.fromPem('x', '--key'), { reason: 'INVALID_FIELD', field: '--key' });
});

test('an order’s signature holds for its bytes, its type and its key only', () => {
  const signature = signOrder(order, key);
  assert.deepEqual(orderSigners({ order, signature }, keys), { keys: [key.public] });
  const faultOf = (given: Buffer, by: Buffer, trusted = keys): string => {
    const found = orderSigners({ order: given, signature: by }, trusted);
    return 'fault' in found ? found.fault : assert.fail('it holds');
  };
  assert.match(faultOf(order, Buffer.alloc(0)), /not signed/);
  assert.match(faultOf(Buffer.from('an 0rder'), signature), /not over these bytes/);
  const other = SigningKey.generate();
  assert.match(faultOf(order, signOrder(order, other)), /not trusted/);
  // Under the name of a key that is trusted.
  assert.match(faultOf(order, signOrder(order, other), new Map([[other.public.id, key.public]])), /not over these/);
  assert.match(
    faultOf(order, Buffer.from(signature.toString('latin1').replace('order.v1', 'result.1'), 'latin1')),
    /not of an order/,
  );
});

test('no byte of an order can be another, and none of the signature proper', () => {
  const signature = signOrder(order, key);
  for (let at = signature.length - 64; at < signature.length; at += 1) {
    const bent = Buffer.from(signature);
    bent[at] = (bent[at] ?? 0) ^ 1;
    assert.ok('fault' in orderSigners({ order, signature: bent }, keys), `byte ${at} of the signature`);
  }
  for (let at = 0; at < order.length; at += 1) {
    const bent = Buffer.from(order);
    bent[at] = (bent[at] ?? 0) ^ 1;
    assert.ok('fault' in orderSigners({ order: bent, signature }, keys), `byte ${at} of the order`);
  }
});

test('whatever comes as a signature is a fault or the key, never an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.ok('fault' in orderSigners({ order, signature: Buffer.from(bytes) }, keys));
    }),
  );
});

test('the shape of a signature is judged without keys', () => {
  assert.equal(orderSignatureFault(Buffer.alloc(0)), undefined);
  assert.equal(orderSignatureFault(signOrder(order, key)), undefined);
  assert.match(orderSignatureFault(Buffer.from('junk')) ?? '', /no OrderSignature/);
  assert.match(orderSignatureFault(Buffer.alloc(5000)) ?? '', /at most 4096/);
});

const execution = executionId(newJobId(), uidOfKey(key.public), 1);
const subject = { execution, orderDigest: 'ab'.repeat(32) };
const result: ExecutionResult = {
  state: 'EXECUTION_STATE_SUCCEEDED',
  exitCode: 0,
  finishedUnixMs: 5,
  stdout: { bytes: 3, digest: Buffer.alloc(32, 1) },
};

test('a result’s signature is of the node that the execution names', () => {
  const signed = signResult(subject, result, key);
  assert.equal(resultSignature(subject, signed), 'valid');
  assert.equal(resultSignature(subject, result), 'missing');
  const stranger = signResult(subject, result, SigningKey.generate());
  assert.equal(resultSignature(subject, stranger), 'wrong');
});

test('nothing that is signed of a result can be another', () => {
  const signed = signResult(subject, result, key);
  const changes: ExecutionResult[] = [
    { state: 'EXECUTION_STATE_FAILED' },
    { exitCode: 1 },
    { exitCode: undefined },
    { signal: 9 },
    { signalInferred: true },
    { reason: 'x' },
    { acceptedUnixMs: 1 },
    { startedUnixMs: 1 },
    { finishedUnixMs: 6 },
    { durationMs: 1 },
    { overrunMs: 1 },
    { stdout: { bytes: 4, digest: Buffer.alloc(32, 1) } },
    { stdout: { bytes: 3, digest: Buffer.alloc(32, 2) } },
    { stderr: { bytes: 1 } },
  ];
  for (const change of changes) {
    assert.equal(resultSignature(subject, { ...signed, ...change }), 'wrong', JSON.stringify(change));
  }
  const others = [{ orderDigest: 'cd'.repeat(32) }, { execution: executionId(newJobId(), uidOfKey(key.public), 1) }];
  for (const other of others) assert.equal(resultSignature({ ...subject, ...other }, signed), 'wrong');
});

test('without an order only an end that is no success is believed', () => {
  const without = { execution, orderDigest: '' };
  const cancelled = signResult(without, { state: 'EXECUTION_STATE_CANCELLED' }, key);
  assert.equal(resultSignature(subject, cancelled), 'valid');
  assert.equal(resultSignature(subject, signResult(without, result, key)), 'wrong');
});
