import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import fc from 'fast-check';
import { pino } from 'pino';
import { encodeFrame, readFrames } from '../../../agent/journal/frames.ts';
import { Journal } from '../../../agent/journal/journal.ts';
import { type ExecutionId, executionId, newJobId, newNodeUid } from '../../../shared/ids.ts';

const log = pino({ level: 'silent' });
const uid = newNodeUid();
const newId = (): ExecutionId => executionId(newJobId(), uid, 1);

describe('Journal', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'muster-journal-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  const path = (): string => join(dir, 'journal');
  const received = (id: ExecutionId) => ({ type: 'received', id, digest: 'aa', expiresUnixMs: 5 }) as const;
  const finished = (id: ExecutionId) =>
    ({
      type: 'finished',
      id,
      digest: 'aa',
      expiresUnixMs: 5,
      finishedUnixMs: 9,
      spool: 's',
      nonce: 'n',
      spoolBytes: 1,
    }) as const;

  test('what was appended is there when it is opened again', async () => {
    const journal = await Journal.open({ dir, log });
    const ids = Array.from({ length: 50 }, newId);
    await Promise.all(ids.map((id) => journal.append(received(id), Buffer.from(id))));
    await journal.close();
    const again = await Journal.open({ dir, log });
    assert.deepEqual([...again.entries.keys()].sort(), [...ids].sort());
    for (const id of ids) assert.equal(again.get(id)?.received?.toString(), id);
    await again.close();
  });

  test('a torn end is cut off at whatever byte, and what is appended then is read', async () => {
    const [kept, torn, later] = [newId(), newId(), newId()];
    const journal = await Journal.open({ dir, log });
    await journal.append(received(kept), Buffer.alloc(100, 1));
    const { size } = statSync(path());
    await journal.append(received(torn), Buffer.alloc(100, 2));
    await journal.close();
    const whole = readFileSync(path());
    for (let cut = size; cut < whole.length; cut += 7) {
      writeFileSync(path(), whole);
      truncateSync(path(), cut);
      const again = await Journal.open({ dir, log });
      assert.deepEqual([...again.entries.keys()], [kept]);
      await again.append(received(later));
      await again.close();
      const third = await Journal.open({ dir, log });
      assert.deepEqual([...third.entries.keys()], [kept, later]);
      await third.close();
    }
  });

  test('a flipped bit costs one record, and what follows it is read', async () => {
    const [first, second, third] = [newId(), newId(), newId()];
    const journal = await Journal.open({ dir, log });
    await journal.append(received(first));
    const { size } = statSync(path());
    await journal.append(received(second));
    await journal.append(received(third));
    await journal.close();
    const bytes = readFileSync(path());
    bytes.writeUInt8(bytes.readUInt8(size + 30) ^ 4, size + 30);
    writeFileSync(path(), bytes);
    const again = await Journal.open({ dir, log });
    assert.deepEqual([...again.entries.keys()], [first, third]);
    await again.close();
  });

  test('after a sync that failed it takes nothing more, and says so once', async () => {
    const broken: Error[] = [];
    const journal = await Journal.open({ dir, log, onBroken: (error) => broken.push(error) });
    const file = await open(path(), 'r');
    const datasync = mock.method(Object.getPrototypeOf(file), 'datasync', () => Promise.reject(new Error('EIO')));
    await file.close();
    await assert.rejects(journal.append(received(newId())), /started anew/);
    datasync.mock.restore();
    await assert.rejects(journal.append(received(newId())), /started anew/);
    assert.equal(broken.length, 1);
    assert.equal(journal.entries.size, 0);
    await journal.close();
  });

  test('the first end stands', async () => {
    const id = newId();
    const journal = await Journal.open({ dir, log });
    await journal.append(received(id), Buffer.from('order'));
    await journal.append(finished(id), Buffer.from('first'));
    await journal.append(finished(id), Buffer.from('second'));
    assert.equal(journal.get(id)?.result?.toString(), 'first');
    assert.equal(journal.get(id)?.received, undefined);
    await journal.append({ type: 'released', id });
    assert.equal(journal.get(id)?.released, true);
    await journal.append({ type: 'forgotten', id });
    assert.equal(journal.get(id), undefined);
    await journal.close();
  });

  test('it is written anew once most of it is no longer needed, and tells the same', async () => {
    const journal = await Journal.open({ dir, log });
    const kept = newId();
    await journal.append(received(kept), Buffer.from('kept'));
    await journal.append({
      type: 'ending',
      id: kept,
      ending: { cause: 'cancel', monotonicMs: 1, signal: 15, graceMs: 2, overrunMs: 0 },
    });
    for (let round = 0; round < 30; round++) {
      const id = newId();
      await journal.append(received(id), Buffer.alloc(500_000));
      await journal.append(finished(id), Buffer.from('result'));
    }
    const entries = [...journal.entries];
    assert.ok(statSync(path()).size < 10 * 1024 ** 2);
    await journal.close();
    const again = await Journal.open({ dir, log });
    assert.deepEqual([...again.entries], entries);
    await again.close();
  });

  test('the highest expiry of what was forgotten is known for good, written anew or not', async () => {
    const journal = await Journal.open({ dir, log });
    const expiries = [700, 900, 800];
    for (const expiresUnixMs of expiries) {
      const id = newId();
      await journal.append({ ...received(id), expiresUnixMs });
      await journal.append({ type: 'forgotten', id });
    }
    await journal.append({ ...received(newId()), expiresUnixMs: 5000 });
    assert.equal(journal.forgottenUntilUnixMs, 900);
    await journal.close();
    const again = await Journal.open({ dir, log });
    assert.equal(again.forgottenUntilUnixMs, 900);
    for (let round = 0; round < 20; round++) {
      const id = newId();
      await again.append(received(id), Buffer.alloc(500_000));
      await again.append(finished(id), Buffer.from('result'));
    }
    assert.ok(statSync(path()).size < 8 * 1024 ** 2, 'it was written anew');
    await again.close();
    const third = await Journal.open({ dir, log });
    assert.equal(third.forgottenUntilUnixMs, 900);
    await third.close();
  });

  test('frames are found again in whatever garbage', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.uint8Array({ maxLength: 60 }), (blobs, garbage) => {
        const frames = blobs.map((blob, index) => encodeFrame({ index }, Buffer.from(blob)));
        const read = readFrames(Buffer.concat([Buffer.from(garbage), ...frames]));
        assert.deepEqual(
          read.frames.map(({ blob }) => [...blob]),
          blobs.map((blob) => [...blob]),
        );
      }),
    );
  });

  test('what looks like a record inside of an order is none, however the order’s own record is damaged', async () => {
    const [outer, inner] = [newId(), newId()];
    const order = Buffer.concat([Buffer.from('x'), encodeFrame(finished(inner), Buffer.from('forged'))]);
    const journal = await Journal.open({ dir, log });
    await journal.append(received(outer), order);
    await journal.close();
    const whole = readFileSync(path());
    const again = await Journal.open({ dir, log });
    assert.deepEqual(again.get(outer)?.received, order);
    await again.close();
    for (let cut = 1; cut < whole.length; cut++) {
      assert.deepEqual(readFrames(whole.subarray(0, whole.length - cut)).frames, []);
      assert.deepEqual(readFrames(whole.subarray(cut)).frames, []);
    }
  });

  test('garbage alone is no journal', () => {
    appendFileSync(path(), 'MJ1\n'.repeat(100));
    assert.deepEqual(readFrames(readFileSync(path())).frames, []);
  });
});
