import { sleep } from '../../shared/time.ts';
import { startTrialEtcd } from '../cluster/etcd.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import type { LinkKind } from '../cluster/links.ts';
import { FaultedJob } from '../faulted-job.ts';
import type { FaultCase } from '../trial.ts';

const kinds: readonly LinkKind[] = ['agents', 'peers', 'store'];

export const slowLinks: FaultCase = {
  name: 'slow-links',
  title:
    'links of a replica to agents, other replicas and etcd get slow, one kind after another: nothing is lost, no watch breaks',
  short: true,
  async run(trial) {
    const [count, agents, forMs] = trial.full ? [500, 5, 10_000] : [60, 2, 1_500];
    const etcd = await startTrialEtcd(trial);
    const cluster = await FaultCluster.start(trial, { replicas: 3, agents, etcd: [etcd.endpoint], linked: kinds });
    const fleet = await cluster.simulate({ count, prefix: 'sim', servers: cluster.processes.servers });
    const rounds = trial.full ? 3 : 1;
    const runMs = forMs * kinds.length * rounds;
    const work = { lines: runMs / 5, linesAStep: 20, pauseMs: 100, exitCode: 4 };
    const real = await FaultedJob.onReal(trial, cluster, work, { followers: 3 });
    const maxConcurrency = Math.round(count / 6);
    const simulatedWork = { delayMs: Math.round(runMs / 6), outputBytes: 20_000, everyMs: 100 };
    const options = { maxConcurrency, followers: 3 };
    const simulated = await FaultedJob.onSimulated(trial, cluster, fleet, simulatedWork, options);
    await simulated.reached(3, 5);
    for (let round = 0; round < rounds; round += 1) {
      for (const kind of kinds) {
        // Each way; what the lease allows is a multiple.
        const ms = 100 + trial.random.below(400);
        for (const n of cluster.replicas.keys()) {
          if (n > 0 && trial.random.below(2) === 0) continue;
          cluster.links.slow(kind, n, ms, simulated.window);
        }
        trial.note(`slow by ${ms} ms each way`);
        await sleep(forMs, trial.signal);
        for (const n of cluster.replicas.keys()) cluster.links.heal(kind, n);
      }
    }
    await Promise.all([real.over(), simulated.over()]);
    for (const kind of kinds) trial.check(cluster.links.served(kind) > 0, `nothing went over the links to ${kind}`);
    for (const { name, errors } of [...real.followers, ...simulated.followers])
      trial.check(errors.length === 0, `a watch of ${name} broke: ${errors.join(', ')}`);
    cluster.collect();
  },
};
