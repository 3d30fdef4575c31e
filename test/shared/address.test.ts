import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireLoopback } from '../../shared/address.ts';

test('a loopback address is taken apart', () => {
  assert.deepEqual(requireLoopback('--listen', '127.0.0.1:7400'), { host: '127.0.0.1', port: 7400 });
  assert.deepEqual(requireLoopback('--listen', '127.9.9.9:0'), { host: '127.9.9.9', port: 0 });
  assert.deepEqual(requireLoopback('--listen', '[::1]:1'), { host: '::1', port: 1 });
  assert.deepEqual(requireLoopback('--listen', 'localhost:1'), { host: 'localhost', port: 1 });
});

test('an address that others could reach is refused by name, with the reason and what to do', () => {
  for (const address of [
    '0.0.0.0:7400',
    '[::]:7400',
    '10.0.0.1:7400',
    'control.example:7400',
    '[::ffff:10.0.0.1]:1',
    '127.0.0.1.example:1',
  ]) {
    assert.throws(() => requireLoopback('--listen', address), {
      reason: 'INVALID_FIELD',
      field: '--listen',
      message: /no access control.*loopback/,
    });
  }
});

test('what is no address is said to be none', () => {
  for (const address of ['', '7400', ':7400', 'a:b', '127.0.0.1:65536', '::1:7400', 'a b:1', '-x:1', '[zz]:1']) {
    assert.throws(() => requireLoopback('--listen', address), { field: '--listen', message: /is not host:port/ });
  }
});
