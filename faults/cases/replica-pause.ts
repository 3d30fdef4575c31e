import { sleep } from '../../shared/time.ts';
import { startTrialEtcd } from '../cluster/etcd.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import { FaultedJob } from '../faulted-job.ts';
import type { FaultCase } from '../trial.ts';

export const replicaPause: FaultCase = {
  name: 'replica-pause',
  title: 'a coordinator is stopped for longer than its lease and goes on: its stale writes and late starts are refused',
  short: true,
  async run(trial) {
    const [leaseTerm, pauseMs, count] = trial.full ? ['10s', 60_000, 1000] : ['2s', 5_000, 150];
    const etcd = await startTrialEtcd(trial);
    const cluster = await FaultCluster.start(trial, { replicas: 3, agents: 2, etcd: [etcd.endpoint], leaseTerm });
    const fleet = await cluster.simulate({ count, prefix: 'sim' });
    // Long enough that much is still to be offered when the sleeper wakes up.
    const maxConcurrency = trial.full ? 20 : 10;
    const delayMs = Math.round((maxConcurrency / count) * (pauseMs * 2));
    const work = { lines: 600, linesAStep: 20, pauseMs: 100, exitCode: 0 };
    const real = await FaultedJob.onReal(trial, cluster, work, { followers: 1 });
    const options = { maxConcurrency, followers: 3 };
    const job = await FaultedJob.onSimulated(trial, cluster, fleet, { delayMs, outputBytes: 3000 }, options);
    await job.reached(4, maxConcurrency);
    const name = await job.coordinator();
    const n = cluster.indexOf(name);
    cluster.pause(n, job.window);
    const began = performance.now();
    const next = await job.coordinatorOtherThan(name);
    trial.figure(`${next} coordinates instead after`, Math.round(performance.now() - began), 'ms');
    await sleep(Math.max(0, pauseMs - (performance.now() - began)), trial.signal);
    const before = job.follower.reached(4);
    trial.check(before < count, 'the job was over before the sleeper woke up: nothing stale was tried');
    cluster.resume(n);
    await Promise.all([real.over(), job.over()]);
    const refused = await cluster.metric(n, 'muster_store_commit_seconds_count', { outcome: 'compare-failed' });
    trial.figure('transactions of the sleeper that the store refused', refused, '');
    cluster.collect();
  },
};
