import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, test } from 'node:test';
import { Marker } from '../../../agent/sandbox/marker.ts';
import { bearsMark, isAlive, signalProcess, viewProcess } from '../../../agent/sandbox/process-table.ts';
import { executionId, newJobId, newNodeUid } from '../../../shared/ids.ts';
import { until } from '../executions/host.ts';

describe('the process table', () => {
  const children: ReturnType<typeof spawn>[] = [];
  const sleeper = (env: Record<string, string> = {}): number => {
    const child = spawn('sleep', ['300'], { env: { PATH: process.env.PATH, ...env }, stdio: 'ignore' });
    children.push(child);
    return child.pid ?? 0;
  };
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  test('a process is itself only with its start time', () => {
    const pid = sleeper();
    const view = viewProcess(pid);
    assert.ok(view);
    assert.ok(isAlive(view));
    assert.equal(isAlive({ pid, startTime: '1' }), false);
    assert.equal(signalProcess({ pid, startTime: '1' }, 9), false);
    assert.ok(isAlive(view));
  });

  test('a name with parentheses and blanks confuses nobody', async () => {
    const child = spawn('sh', ['-c', 'printf "a) R 1 2" >/proc/$$/comm; sleep 300'], {
      stdio: 'ignore',
      detached: true,
    });
    children.push(child);
    const view = await until('the name', () => {
      const view = viewProcess(child.pid ?? 0);
      return view?.name === 'a) R 1 2' ? view : undefined;
    });
    assert.equal(view.session, child.pid);
  });

  test('a mark is a whole entry of the environment', async () => {
    const pid = sleeper({ MUSTER_EXECUTION: 'abc/1', XMUSTER_EXECUTION: 'def' });
    await until('its environment', () => (bearsMark(pid, 'MUSTER_EXECUTION=abc/1') ? true : undefined));
    for (const other of [
      'MUSTER_EXECUTION=abc',
      'MUSTER_EXECUTION=def',
      'EXECUTION=abc/1',
      'MUSTER_EXECUTION=abc/10',
    ]) {
      assert.equal(bearsMark(pid, other), false, other);
    }
  });

  test('only what bears the execution’s own mark is signalled', async () => {
    const [mine, other] = [1, 2].map(() => executionId(newJobId(), newNodeUid(), 1));
    assert.ok(mine && other);
    const pids = [sleeper({ MUSTER_EXECUTION: mine }), sleeper({ MUSTER_EXECUTION: other })];
    const marker = new Marker({ execution: mine, leader: undefined });
    await until('the mark', () => (marker.members().length === 1 ? true : undefined));
    assert.equal(marker.signal(9), 1);
    await until('its end', () => (['Z', undefined].includes(viewProcess(pids[0] ?? 0)?.state) ? true : undefined));
    assert.equal(viewProcess(pids[1] ?? 0)?.state, 'S');
  });

  test('a session whose leader’s number belongs to somebody else now is not ours', () => {
    // A session of its own: that of the test itself may have its leader outside this pid namespace.
    const child = spawn('sleep', ['300'], { stdio: 'ignore', detached: true });
    children.push(child);
    const view = viewProcess(child.pid ?? 0);
    assert.ok(view);
    const execution = executionId(newJobId(), newNodeUid(), 1);
    const own = new Marker({ execution, leader: view });
    assert.deepEqual(
      own.members().map(({ pid }) => pid),
      [view.pid],
    );
    const stale = new Marker({ execution, leader: { pid: view.pid, startTime: '1' } });
    assert.deepEqual(stale.members(), []);
  });

  test('session 0, that of all whose leader is in another pid namespace, is nobody’s', () => {
    const execution = executionId(newJobId(), newNodeUid(), 1);
    assert.deepEqual(new Marker({ execution, leader: { pid: 0, startTime: '1' } }).members(), []);
  });
});
