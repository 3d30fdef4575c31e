import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import type { TargetResult } from '../../../server/jobs/job-store.ts';
import { ResultBatches } from '../../../server/jobs/run/results.ts';
import type { Clock, Timer } from '../../../shared/time.ts';

/** A clock that stands still until it is told. */
class StillClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ atMs: number; action: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  after(ms: number, action: () => void): Timer {
    const timer = { atMs: this.#nowMs + ms, action };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      // Whatever is under way goes on first.
      for (let turns = 0; turns < 4; turns += 1) await turn();
      const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.action();
    }
    this.#nowMs = untilMs;
  }
}

const result = (target: number): TargetResult => ({
  target,
  attempt: 1,
  result: { state: 'EXECUTION_STATE_SUCCEEDED' },
});

function world() {
  const clock = new StillClock();
  const commits: { atMs: number; targets: number[] }[] = [];
  const at = { idle: false, down: false, tries: 0, open: 0 };
  const batches = new ResultBatches({
    clock,
    idle: () => at.idle,
    commit: async (results) => {
      at.tries += 1;
      at.open += 1;
      assert.equal(at.open, 1, 'two commits at once');
      await turn();
      at.open -= 1;
      if (at.down) throw new Error('the store is away');
      commits.push({ atMs: clock.now(), targets: results.map(({ target }) => target) });
    },
  });
  return { clock, commits, at, batches };
}

test('the result of a job of one node is committed at once', async () => {
  const { clock, commits, at, batches } = world();
  at.idle = true;
  batches.add(result(0));
  await clock.pass(0);
  assert.deepEqual(commits, [{ atMs: 0, targets: [0] }]);
});

test('a result waits for company as long as more may come, and not longer than 250 ms', async () => {
  const { clock, commits, batches } = world();
  batches.add(result(0));
  await clock.pass(249);
  batches.add(result(1));
  assert.deepEqual(commits, []);
  await clock.pass(1);
  assert.deepEqual(commits, [{ atMs: 250, targets: [0, 1] }]);
});

test('128 results are a batch, and never more', async () => {
  const { clock, commits, batches } = world();
  for (let target = 0; target < 300; target += 1) batches.add(result(target));
  await clock.pass(1000);
  assert.deepEqual(
    commits.map(({ targets }) => targets.length),
    [128, 128, 44],
  );
});

test('results of any size fit into transactions', async () => {
  const { clock, commits, batches } = world();
  for (let target = 0; target < 100; target += 1) {
    const { result: small, ...head } = result(target);
    batches.add({ ...head, result: { ...small, message: 'é'.repeat(20_000) } });
  }
  await clock.pass(10_000);
  for (const { targets } of commits)
    assert.ok(targets.length <= 19, `${targets.length} results of 40 kB in one commit`);
  assert.equal(commits.flatMap(({ targets }) => targets).length, 100);
});

const step = fc.oneof(
  fc.record({ add: fc.integer({ min: 1, max: 200 }) }),
  fc.record({ pass: fc.integer({ min: 0, max: 700 }) }),
  fc.record({ idle: fc.boolean() }),
  fc.record({ down: fc.boolean() }),
);

test('whatever fails and however they come: each result once, in order, in few commits', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { clock, commits, at, batches } = world();
      let added = 0;
      let outages = 0;
      for (const one of steps) {
        if ('add' in one) for (let n = 0; n < one.add; n += 1) batches.add(result(added++));
        if ('pass' in one) await clock.pass(one.pass);
        if ('idle' in one) at.idle = one.idle;
        if ('down' in one) {
          at.down = one.down;
          if (one.down) outages += 1;
        }
      }
      at.down = false;
      // In steps, since commits that follow each other take turns and no time.
      for (let rounds = 0; rounds < added / 32 + 10; rounds += 1) await clock.pass(1000);
      assert.deepEqual(
        commits.flatMap(({ targets }) => targets),
        Array.from({ length: added }, (_, target) => target),
      );
      // A commit for 64 results and 4 a second, counted from a full allowance of 4; an outage costs no commit.
      const lastMs = commits.at(-1)?.atMs ?? 0;
      const bound = added / 64 + 4 * (lastMs / 1000) + 4 + outages;
      assert.ok(commits.length <= bound + 1, `${commits.length} commits for ${added} results in ${lastMs} ms`);
    }),
    { numRuns: 100 },
  );
});

test('a flush commits what waits now, and says when it can not', async () => {
  const { commits, at, batches } = world();
  batches.add(result(0));
  at.down = true;
  await assert.rejects(batches.flush());
  at.down = false;
  await batches.flush();
  assert.deepEqual(
    commits.map(({ targets }) => targets),
    [[0]],
  );
});
