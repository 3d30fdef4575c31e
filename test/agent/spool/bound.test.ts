import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StreamName } from '../../../agent/executor.ts';
import { parseBound } from '../../../agent/spool/bound.ts';
import { padOffset } from '../../../agent/spool/layout.ts';
import { readAll, readBytes, SpoolRig, until } from './spool-rig.ts';

const segmentBytes = 65536;
const data = randomBytes(40 * segmentBytes + 123);

test('the bound file says bytes and policy, and the default is 256 MiB of the tail', () => {
  assert.deepEqual(parseBound('1000\nkill\n'), { bytes: 1000, policy: 'kill' });
  for (const text of ['', '0\n', 'x\nkeep-everything\n', '-5\n\n']) {
    assert.deepEqual(parseBound(text), { bytes: 256 * 1024 * 1024, policy: 'keep-tail' });
  }
});

test('throttle makes the command wait for the slowest reader, and loses nothing', async (t) => {
  const rig = await SpoolRig.make(t, { segmentBytes, bound: `${5 * segmentBytes}\nthrottle\n` });
  const spool = await rig.open();
  const slow = spool.openRead('stdout', 0);
  const fast = readAll(spool.openRead('stdout', 0));
  await until(() => existsSync(join(rig.dir, 'out.hold')));
  let written = false;
  const writing = rig.write('out', data).then(() => {
    written = true;
  });
  await until(() => existsSync(join(rig.dir, `out.${padOffset(4 * segmentBytes)}`)));
  assert.equal(written, false);
  const first = await readBytes(slow, 20 * segmentBytes);
  assert.equal(written, false);
  const rest = readAll(slow);
  await writing;
  await rig.exit();
  const { stdout } = await spool.settle();
  assert.equal(stdout.bytes, data.length);
  assert.ok(Buffer.concat([first, (await rest).data]).equals(data));
  assert.ok((await fast).data.equals(data));
});

test('a reader that stands still under throttle does not hold back the end', async (t) => {
  const rig = await SpoolRig.make(t, { segmentBytes, bound: `${5 * segmentBytes}\nthrottle\n` });
  const spool = await rig.open();
  const reader = spool.openRead('stdout', 0);
  await until(() => existsSync(join(rig.dir, 'out.hold')));
  // As much as the spool takes, and what the pipes hold beyond it.
  const most = data.subarray(0, 5 * segmentBytes + 50_000);
  await rig.write('out', most);
  await rig.exit({ nonce: false });
  const settled = spool.settle();
  await rig.write('out', rig.nonce);
  await rig.write('err', rig.nonce);
  assert.equal((await settled).stdout.bytes, most.length);
  assert.ok((await readAll(reader)).data.equals(most));
});

test('without a reader throttle keeps the tail, and so it does when the agent has died', async (t) => {
  for (const dead of [false, true]) {
    const rig = await SpoolRig.make(t, { segmentBytes, bound: `${5 * segmentBytes}\nthrottle\n` });
    if (dead) await writeFile(join(rig.dir, 'out.hold'), `${process.pid} 1 0\n`);
    await rig.write('out', data);
    await rig.exit();
    const { stdout } = await (await rig.open()).settle();
    assert.equal(stdout.bytes, data.length);
    assert.equal(stdout.gaps[0]?.reason, 'bound');
  }
});

test('beyond its bound a stream is told of once', async (t) => {
  const rig = await SpoolRig.make(t, { segmentBytes, bound: `${3 * segmentBytes}\nkill\n` });
  const told: StreamName[] = [];
  const spool = await rig.open({ onBound: (stream) => told.push(stream) });
  await rig.write('err', data.subarray(0, 3 * segmentBytes));
  await rig.write('out', data);
  await until(() => told.length > 0);
  await rig.exit();
  const { stderr } = await spool.settle();
  assert.deepEqual(told, ['stdout']);
  assert.equal(stderr.bytes, 3 * segmentBytes);
});
