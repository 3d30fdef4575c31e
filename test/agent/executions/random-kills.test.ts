import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Marker } from '../../../agent/sandbox/marker.ts';
import { type ExecutionId, executionId, newNodeUid } from '../../../shared/ids.ts';
import { PlanTree } from '../../../shared/merkle.ts';
import { buildOrder } from '../../../shared/order.ts';
import { Host } from './host.ts';
import { allGone, removeAll, sweep } from './rig.ts';

const countStart = join(import.meta.dirname, '../../fixtures/programs/count-start.sh');
const kills = Number(process.env.MUSTER_TEST_KILLS ?? 12);
const seed = Number(process.env.MUSTER_TEST_SEED ?? 20_260_701);
const lines = 40;

/** Mulberry32: small, and the same everywhere. */
function randomOf(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test(`an agent killed ${kills} times at random starts nothing twice, loses no line and no end (seed ${seed})`, async () => {
  const random = randomOf(seed);
  const stateDir = mkdtempSync(join(tmpdir(), 'muster-kills-'));
  const uid = newNodeUid();
  const tree = new PlanTree([uid]);
  const ids: ExecutionId[] = [];
  const offers = new Map<ExecutionId, object>();
  let host = new Host({ stateDir, uid });
  const open = async (): Promise<void> => {
    await host.line('open');
    // A replica offers again what a new session did not tell of; it may offer all.
    for (const offer of offers.values()) host.say(offer);
  };
  try {
    await open();
    for (let kill = 0; kill < kills; kill++) {
      for (let count = 0; count < 2; count++) {
        const code = ids.length % 100;
        const argv = ['sh', countStart, join(stateDir, `starts-${ids.length}`), String(lines), String(code)];
        const { order, bytes } = buildOrder({
          command: { argv },
          plan: { root: tree.root, count: 1 },
          createdUnixMs: Date.now(),
        });
        const id = executionId(order.id, uid, 1);
        ids.push(id);
        offers.set(id, { do: 'offer', execution: id, order: bytes.toString('base64') });
        host.say(offers.get(id) ?? {});
      }
      // What varies is the moment of the kill; nothing is waited for.
      await pause(random() * 150);
      await host.kill();
      host = new Host({ stateDir, uid });
      await open();
    }
    for (const [index, id] of ids.entries()) {
      const { result } = await host.line('finished', id);
      assert.equal(
        result?.state,
        index % 100 === 0 ? 'EXECUTION_STATE_SUCCEEDED' : 'EXECUTION_STATE_FAILED',
        JSON.stringify(result),
      );
      assert.equal(result?.exitCode, index % 100, JSON.stringify(result));
      const counter = join(stateDir, `starts-${index}`);
      assert.equal(existsSync(counter) && readFileSync(counter, 'utf8'), 'start\n', `starts of ${index}`);
      host.say({ do: 'output', execution: id });
      const { text } = await host.line('output', id);
      assert.equal(text, Array.from({ length: lines }, (_, line) => `line ${line + 1}\n`).join(''));
    }
    await host.close();
  } finally {
    await host.kill().catch(() => undefined);
    for (const id of ids) new Marker({ execution: id, leader: undefined }).signal(9);
    await sweep(uid);
    await allGone(stateDir);
    await removeAll(stateDir);
  }
});
