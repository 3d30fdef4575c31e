import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cutEnd, flipBytes } from '../../faults/damage.ts';
import { Random } from '../crash/random.ts';

test('damage is done: a cut file is shorter, a flipped one differs, both are as the seed says', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-damage-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'file');
  const whole = Buffer.alloc(999, 7);
  const after = (damage: (random: Random) => void): Buffer => {
    writeFileSync(path, whole);
    damage(new Random(5));
    return readFileSync(path);
  };
  const cut = after((random) => cutEnd(path, random));
  assert.ok(cut.length < whole.length && cut.length >= 666, `${cut.length}`);
  const flipped = after((random) => flipBytes(path, random, 1));
  assert.equal(flipped.length, whole.length);
  assert.equal(flipped.filter((byte) => byte !== 7).length, 1);
  assert.deepEqual(
    after((random) => flipBytes(path, random, 1)),
    flipped,
  );
});
