import { MusterError } from '../../shared/errors.ts';
import { jobMethods } from '../../shared/rpc/methods.ts';
import { sleep } from '../../shared/time.ts';
import { startTrialEtcd } from '../cluster/etcd.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import { FaultedJob } from '../faulted-job.ts';
import type { FaultCase, Trial } from '../trial.ts';

/** As docs/guarantees.md promises it. */
const refusedWithinMs = 2000;

export const allEtcdGone: FaultCase = {
  name: 'all-etcd-gone',
  title:
    'all of etcd is gone: commands, their output to watchers and sessions go on, results wait, new jobs are refused at once',
  short: true,
  alone: true,
  async run(trial) {
    const [goneMs, leaseTerm, count, agents] = trial.full ? [60_000, '10s', 1000, 5] : [5_000, '2s', 100, 2];
    const etcd = await startTrialEtcd(trial);
    const cluster = await FaultCluster.start(trial, { replicas: 3, agents, etcd: [etcd.endpoint], leaseTerm });
    const fleet = await cluster.simulate({ count, prefix: 'sim' });
    const work = { lines: goneMs / 4, linesAStep: 20, pauseMs: 100, exitCode: 0 };
    const real = await FaultedJob.onReal(trial, cluster, work, { followers: 3 });
    const simulatedWork = { delayMs: goneMs * 0.8, outputBytes: 64_000, everyMs: 200 };
    const simulated = await FaultedJob.onSimulated(trial, cluster, fleet, simulatedWork, { followers: 3 });
    await Promise.all([real.reached(3, agents), simulated.reached(3, count)]);
    trial.fault('kill-etcd', 'all', simulated.window);
    const goneAt = Date.now();
    await etcd.kill();
    await sleep(goneMs / 2, trial.signal);
    const bytesBefore = simulated.follower.bytes;
    await refusesQuickly(trial, cluster);
    await sleep(goneMs / 2, trial.signal);
    const flowed = simulated.follower.bytes - bytesBefore;
    trial.check(flowed > 0, 'no output flowed while etcd was gone');
    trial.figure('bytes that one watcher got while etcd was gone', flowed, 'bytes');
    await etcd.restart();
    trial.note('etcd is back');
    await Promise.all([real.over(), simulated.over()]);
    const lost = fleet.events().filter((event) => event.event === 'over' && event.at > goneAt);
    trial.check(lost.length === 0, `${lost.length} sessions of simulated nodes ended`);
    for (const follower of [...real.followers, ...simulated.followers])
      trial.check(
        follower.errors.length === 0,
        `a watch of ${follower.name} was broken: ${follower.errors.join(', ')}`,
      );
    cluster.collect();
  },
};

/** A new job is refused within two seconds, naming the store. */
async function refusesQuickly(trial: Trial, cluster: FaultCluster): Promise<void> {
  const began = performance.now();
  const spec = { command: { argv: ['true'] } };
  try {
    for await (const _ of cluster.client.stream(
      jobMethods.Run,
      { spec, target: { selector: 'role=test' } },
      { timeoutMs: 20_000 },
    ))
      break;
    trial.wrong('a job was taken in while etcd was gone');
  } catch (error) {
    const reason = error instanceof MusterError ? error.reason : String(error);
    trial.check(reason === 'STORE_UNAVAILABLE', `a new job was refused for another reason: ${reason}`);
    const tookMs = Math.round(performance.now() - began);
    trial.figure('a new job is refused after', tookMs, 'ms');
    trial.check(tookMs <= refusedWithinMs, `a new job was refused after ${tookMs} ms, ${refusedWithinMs} are allowed`);
  }
}
