import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAll, readBytes, SpoolRig } from './spool-rig.ts';

const everyByte = Buffer.from(Array.from({ length: 1024 * 1024 }, (_, at) => (at + (at >> 8)) & 255));

test('1 MiB of all byte values comes back identical on both streams', async (t) => {
  const rig = await SpoolRig.make(t);
  const spool = await rig.open();
  const readers = [spool.openRead('stdout', 0), spool.openRead('stderr', 0)].map((reader) => readAll(reader));
  await rig.write('out', everyByte);
  await rig.write('err', everyByte);
  await rig.exit();
  const settled = await spool.settle();
  for (const read of readers) {
    const { data, pieces } = await read;
    assert.ok(data.equals(everyByte));
    assert.deepEqual(pieces, [{ type: 'end', offset: everyByte.length }]);
  }
  assert.equal(settled.stdout.bytes, everyByte.length);
  assert.deepEqual(settled.stdout.gaps, []);
  assert.ok(settled.stderrTail.equals(everyByte.subarray(-4096)));
});

test('a line can be read while the command goes on', async (t) => {
  const rig = await SpoolRig.make(t);
  const spool = await rig.open();
  const reader = spool.openRead('stdout', 0);
  await rig.write('out', 'one\n');
  assert.equal((await readBytes(reader, 4)).toString(), 'one\n');
  await rig.write('out', 'two\n');
  assert.equal((await readBytes(reader, 4)).toString(), 'two\n');
  reader.close();
});
