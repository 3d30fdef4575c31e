import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { forgedResults } from '../../abuse/hostile-replica/forged-results.ts';
import { hostileReplica, uselessChecks } from '../../abuse/hostile-replica/suite.ts';
import { Random } from '../crash/random.ts';

const folder = mkdtempSync(join(tmpdir(), 'muster-abuse-'));
after(() => rmSync(folder, { recursive: true }));
const seed = Number(process.env.MUSTER_ABUSE_SEED ?? 20261127);
const say = (): void => {};

test('a hostile replica makes an agent run nothing that its owner did not sign, and its twin runs', async () => {
  const { tried, twins, problems } = await hostileReplica({ folder, seed, mutations: 600, say });
  assert.deepEqual(problems, []);
  assert.equal(twins, 7);
  assert.ok([...tried.values()].every((count) => count > 0));
});

test('without any one of its checks something would run', async () => {
  assert.deepEqual(await uselessChecks({ folder, seed, say }), []);
});

test('no forged result is believed, and genuine ones are', () => {
  assert.deepEqual(forgedResults(2000, new Random(seed)), []);
});
