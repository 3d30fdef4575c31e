import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BlockDigest } from '../../shared/block-digest.ts';
import { jobMethods } from '../../shared/rpc/methods.ts';
import { cutEnd, flipBytes } from '../damage.ts';
import { FaultedJob } from '../faulted-job.ts';
import type { Trial } from '../trial.ts';
import type { FaultCluster } from './fault-cluster.ts';

/**
 * Output of an ended command is damaged on the disk of agent `n`, once cut short and once with bytes flipped: who reads it then
 * is told of the gap, or sees by the digest in the result that these are not the bytes.
 */
export async function damageSpool(trial: Trial, cluster: FaultCluster, n: number): Promise<void> {
  const name = `node-${n}`;
  const agent = cluster.processes.agents[n];
  if (agent === undefined) throw new Error(`there is no agent ${n}`);
  for (const kind of ['cut-spool', 'flip-spool'] as const) {
    const work = { lines: 5000, linesAStep: 5000, pauseMs: 0, exitCode: 0 };
    // Nobody takes the output before it is damaged.
    const job = await FaultedJob.onReal(trial, cluster, work, {
      names: [name],
      withoutOutput: true,
      gaps: ['corrupt'],
    });
    await job.over();
    await cluster.killAgent(n, job.window);
    const segment = newestSegment(cluster.processes.stateDir(n));
    trial.fault(kind, name, job.window);
    const bytes = kind === 'cut-spool' ? cutEnd(segment, trial.random) : flipBytes(segment, trial.random, 3);
    trial.note(`${bytes} bytes of ${segment} are damaged`);
    agent.start();
    await cluster.processes.connected(cluster.processes.agents.length);
    if (kind === 'cut-spool') await gapIsTold(trial, job);
    else await digestTells(trial, cluster, job, name);
  }
}

async function gapIsTold(trial: Trial, job: FaultedJob): Promise<void> {
  const follower = await job.watchAgain(`late-${job.id.slice(0, 6)}`);
  const gaps = trial.history.events.filter((event) => event.type === 'gap' && event.follower === follower.name);
  trial.check(gaps.length > 0, 'output was cut short on disk, and nobody says so');
}

async function digestTells(trial: Trial, cluster: FaultCluster, job: FaultedJob, node: string): Promise<void> {
  const digest = new BlockDigest();
  const request = { jobId: job.id, node, stream: 'OUTPUT_STREAM_STDOUT' } as const;
  for await (const { chunk } of cluster.client.stream(jobMethods.ReadOutput, request, { timeoutMs: 30_000 })) {
    if (chunk?.gap) digest.skip(chunk.gap.until, 'corrupt');
    else if (chunk) digest.update(chunk.data);
  }
  const [execution] = job.follower.executions.values();
  const told = execution?.result?.stdout?.digest ?? Buffer.alloc(0);
  trial.check(told.length === 32, 'the result bears no digest of its output');
  trial.check(
    !told.equals(digest.finish()),
    'bytes were flipped on disk, and the digest in the result does not show it',
  );
}

function newestSegment(stateDir: string): string {
  const paths = globSync('spool/*/out.0*', { cwd: stateDir }).map((path) => join(stateDir, path));
  const kept = paths.filter((path) => statSync(path).size > 0);
  const [newest] = kept.sort((left, right) => statSync(right).mtimeMs - statSync(left).mtimeMs);
  if (newest === undefined) throw new Error(`no output is kept in ${stateDir}`);
  return newest;
}
