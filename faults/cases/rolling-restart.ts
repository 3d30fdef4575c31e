import { sleep } from '../../shared/time.ts';
import { startTrialEtcd } from '../cluster/etcd.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import { FaultedJob } from '../faulted-job.ts';
import type { FaultCase } from '../trial.ts';

/** What a replica that stops says to a watcher; any other end of a watch is a broken stream. */
const announced = 'REPLICA_STOPPING';

export const rollingRestart: FaultCase = {
  name: 'rolling-restart',
  title:
    'all replicas are restarted one after another under a job with followers: no stream breaks, nothing is interrupted',
  short: true,
  async run(trial) {
    const [count, agents] = trial.full ? [500, 5] : [100, 3];
    const etcd = await startTrialEtcd(trial);
    const cluster = await FaultCluster.start(trial, { replicas: 3, agents, etcd: [etcd.endpoint] });
    const fleet = await cluster.simulate({ count, prefix: 'sim' });
    const work = { lines: trial.full ? 6000 : 2400, linesAStep: 20, pauseMs: 100, exitCode: 0 };
    const real = await FaultedJob.onReal(trial, cluster, work, { followers: 3 });
    const simulatedWork = { delayMs: 2000, outputBytes: 20_000, everyMs: 100 };
    const limits = { maxConcurrency: Math.round(count / (trial.full ? 15 : 10)), followers: 3 };
    const simulated = await FaultedJob.onSimulated(trial, cluster, fleet, simulatedWork, limits);
    await simulated.reached(3, 5);
    for (const n of cluster.replicas.keys()) {
      const began = performance.now();
      await cluster.drain(n, simulated.window);
      trial.figure(`r${n} has stopped after`, Math.round(performance.now() - began), 'ms');
      cluster.begin(n);
      await cluster.ready(n);
      await sleep(500, trial.signal);
    }
    await Promise.all([real.over(), simulated.over()]);
    for (const { name, errors } of [...real.followers, ...simulated.followers]) {
      const broken = errors.filter((reason) => reason !== announced);
      trial.check(broken.length === 0, `a watch of ${name} broke: ${broken.join(', ')}`);
    }
    cluster.collect();
  },
};
