import { sleep } from '../../shared/time.ts';
import { startTrialEtcd } from '../cluster/etcd.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import { FaultedJob } from '../faulted-job.ts';
import type { FaultCase } from '../trial.ts';

export const replicaCut: FaultCase = {
  name: 'replica-cut',
  title: 'a coordinator is cut off from etcd only: it fences itself, another one drives its job, and its agents run on',
  short: true,
  async run(trial) {
    const [leaseTerm, cutMs, count, agents] = trial.full ? ['10s', 60_000, 1000, 5] : ['2s', 6_000, 150, 2];
    const etcd = await startTrialEtcd(trial);
    const cluster = await FaultCluster.start(trial, {
      replicas: 3,
      agents,
      etcd: [etcd.endpoint],
      leaseTerm,
      proxied: true,
    });
    const fleet = await cluster.simulate({ count, prefix: 'sim' });
    const maxConcurrency = trial.full ? 20 : 10;
    const delayMs = Math.round((maxConcurrency / count) * (cutMs * 1.5));
    const work = { lines: 600, linesAStep: 20, pauseMs: 100, exitCode: 0 };
    const real = await FaultedJob.onReal(trial, cluster, work, { followers: 3 });
    const options = { maxConcurrency, followers: 3 };
    const job = await FaultedJob.onSimulated(trial, cluster, fleet, { delayMs, outputBytes: 3000 }, options);
    await job.reached(4, maxConcurrency);
    const name = await job.coordinator();
    const n = cluster.indexOf(name);
    cluster.cut(n, job.window);
    const began = performance.now();
    const next = await job.coordinatorOtherThan(name);
    trial.figure(`${next} coordinates instead after`, Math.round(performance.now() - began), 'ms');
    await sleep(Math.max(0, cutMs - (performance.now() - began)), trial.signal);
    cluster.heal(n);
    await Promise.all([real.over(), job.over()]);
    cluster.collect();
  },
};
