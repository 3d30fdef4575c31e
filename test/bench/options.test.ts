import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBenchOptions } from '../../bench/options.ts';

const rows = ['latency', 'orders'];

test('the short set has 1,000 nodes, the full one 10,000, each figure five repetitions', () => {
  const { nodes, repetitions, only } = parseBenchOptions([], rows);
  assert.deepEqual({ nodes, repetitions, only }, { nodes: 1000, repetitions: 5, only: [] });
  assert.equal(parseBenchOptions(['--full'], rows).nodes, 10_000);
  assert.equal(parseBenchOptions(['--full', '--nodes', '20'], rows).nodes, 20);
});

test('rows are chosen by name, with commas or one by one, and an unknown one is named', () => {
  assert.deepEqual(parseBenchOptions(['--only', 'orders,latency'], rows).only, ['orders', 'latency']);
  assert.deepEqual(parseBenchOptions(['--only', 'orders', '--only', 'latency'], rows).only, ['orders', 'latency']);
  assert.throws(() => parseBenchOptions(['--only', 'speed'], rows), /no row speed; there are latency, orders/);
});

test('fewer than five repetitions are refused', () => {
  assert.throws(() => parseBenchOptions(['--repetitions', '4'], rows), /--repetitions: 4 is not 5 to 1000/);
  assert.throws(() => parseBenchOptions(['--nodes', 'many'], rows), /--nodes: many/);
});

test('a table of some rows does not replace the whole one in the documentation', () => {
  assert.equal(parseBenchOptions(['--write-docs'], rows).writeDocs, true);
  assert.throws(() => parseBenchOptions(['--write-docs', '--only', 'orders'], rows), /leave --only out/);
});
