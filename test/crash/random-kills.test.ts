// Random kills beside the fail points: real replica, real agents, real commands, kill -9 at seeded moments. MUSTER_CRASH_KILLS=200
// makes it long, MUSTER_CRASH_SEED replays one.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { beliefIn } from '../../cli/job/believed.ts';
import { followJob } from '../../cli/job/follow-job.ts';
import { planNodes } from '../../cli/job/plan-nodes.ts';
import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import { newJobId } from '../../shared/ids.ts';
import { planRoot } from '../../shared/merkle.ts';
import { buildOrder } from '../../shared/order.ts';
import { jobMethods } from '../../shared/rpc/methods.ts';
import { retrying } from '../../shared/rpc/retry.ts';
import { ProcessCluster } from '../harness/process-cluster.ts';
import { Random } from './random.ts';

const kills = Number(process.env.MUSTER_CRASH_KILLS ?? 8);
const seed = Number(process.env.MUSTER_CRASH_SEED ?? Math.floor(Math.random() * 1e9));
const agents = 3;
const lines = 60;
const retryForMs = 60_000;

let cluster: ProcessCluster;

before(async () => {
  cluster = await ProcessCluster.start(agents);
});
after(() => cluster.close());

test(`agents killed ${kills} times (seed ${seed}): nothing starts twice, no line is lost, every command ends as it ended`, async (t) => {
  const random = new Random(seed);
  await underKills(t, async () => {
    const victim = cluster.agents[random.below(agents)];
    await pause(random.below(400));
    await victim?.end('SIGKILL');
    await pause(random.below(150));
    victim?.start();
  });
});

test(`the replica killed ${kills} times (seed ${seed}): the same`, async (t) => {
  const random = new Random(seed + 1);
  await underKills(t, async () => {
    await pause(random.below(600));
    await cluster.replica.end('SIGKILL');
    cluster.replica.start();
    await cluster.connected(1);
  });
});

/** Jobs one after another, until so many kills have fallen into them. */
async function underKills(t: { diagnostic(text: string): void }, kill: () => Promise<void>): Promise<void> {
  let killed = 0;
  let jobs = 0;
  while (killed < kills) {
    const job = runJob();
    let over = false;
    const ended = job.then(
      () => (over = true),
      () => (over = true),
    );
    while (!over && killed < kills) {
      await kill();
      killed += 1;
    }
    await ended;
    await job;
    jobs += 1;
  }
  t.diagnostic(`seed ${seed}: ${killed} kills in ${jobs} jobs, ${jobs * agents} executions`);
}

async function runJob(): Promise<void> {
  const id = newJobId();
  const starts = join(cluster.folder, `${id}.starts`);
  const script = `echo "$MUSTER_EXECUTION" >> ${starts}; i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo "line $i"; sleep 0.01; done; exit 7`;
  const nodes = await retrying(() => planNodes(cluster.client, { selector: 'role=test', nodes: [] }), {
    forMs: retryForMs,
  });
  const targets = nodes.map((node) => node.uid);
  const plan = { root: planRoot(targets), count: targets.length };
  const { bytes } = buildOrder({ id, command: { argv: [script], shell: true }, plan, createdUnixMs: Date.now() });
  await retrying(() => cluster.client.call(jobMethods.Submit, { order: bytes, targets }), { forMs: retryForMs });
  const output = new Map<string, Buffer[]>();
  const ends = new Map<string, Execution__Output>();
  for await (const event of followJob({
    client: cluster.client,
    jobId: id,
    belief: beliefIn(bytes, { signed: true }),
    retryForMs,
  })) {
    if (event.type === 'execution') ends.set(event.execution.id, event.execution);
    else if (event.type === 'output') output.set(event.execution, [...(output.get(event.execution) ?? []), event.data]);
    else if (event.type === 'gap' || event.type === 'unavailable')
      assert.fail(`output of ${event.execution}: ${JSON.stringify(event)}`);
  }
  const expected = Array.from({ length: lines }, (_, n) => `line ${n + 1}\n`).join('');
  const started = readFileSync(starts, 'utf8').trim().split('\n').sort();
  assert.deepEqual(started, [...ends.keys()].sort(), 'every execution started exactly once');
  for (const [execution, end] of ends) {
    // The agent's column: its death alone ends nothing and loses nothing.
    assert.equal(end.state, 'EXECUTION_STATE_FAILED', `${execution}: ${end.result?.reason}`);
    assert.equal(end.result?.exitCode, 7);
    assert.equal(Buffer.concat(output.get(execution) ?? []).toString(), expected, `lines of ${execution}`);
  }
}
