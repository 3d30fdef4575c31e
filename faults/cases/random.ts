import { sleep } from '../../shared/time.ts';
import { startEtcdCluster } from '../../test/harness/etcd-cluster.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import type { SimulatedFleet } from '../cluster/simulated-fleet.ts';
import { FaultedJob } from '../faulted-job.ts';
import { type MixedFault, randomMix } from '../random-mix.ts';
import type { FaultCase, Trial } from '../trial.ts';

export const random: FaultCase = {
  name: 'random',
  title: 'a seeded mix of all faults under jobs without end; for --soak',
  short: true,
  async run(trial) {
    const [count, agents] = trial.full || trial.soakMs > 0 ? [300, 5] : [40, 2];
    const runMs = trial.soakMs || (trial.full ? 120_000 : 10_000);
    const etcd = await startEtcdCluster();
    trial.after(() => etcd.stop());
    const cluster = await FaultCluster.start(trial, {
      ...{ replicas: 3, agents, etcd: etcd.endpoints, leaseTerm: '2s', linked: ['store', 'peers', 'agents'] },
    });
    const fleet = await cluster.simulate({ count, prefix: 'sim', servers: cluster.processes.servers });
    const until = performance.now() + runMs;
    let window = (): string => 'no-job';
    const jobs = (async () => {
      let done = 0;
      while (performance.now() < until) {
        const running = await both(trial, cluster, fleet);
        window = () => running.simulated.window;
        await Promise.all([running.real.over(), running.simulated.over()]);
        done += 1;
      }
      return done;
    })();
    jobs.catch(() => {});
    const faults = randomMix({ trial, cluster, etcd: etcd.members, fleet });
    while (performance.now() < until) {
      await sleep(trial.random.below(1000), trial.signal);
      const fault = faults[trial.random.below(faults.length)] as MixedFault;
      await Promise.race([fault(window()), jobs.then(() => undefined)]);
    }
    trial.figure('rounds of jobs', await jobs, '');
    cluster.collect();
  },
};

async function both(
  trial: Trial,
  cluster: FaultCluster,
  fleet: SimulatedFleet,
): Promise<{ real: FaultedJob; simulated: FaultedJob }> {
  const { random: draw } = trial;
  const work = { lines: 100 + draw.below(600), linesAStep: 20, pauseMs: 50, exitCode: draw.below(4) };
  const real = await FaultedJob.onReal(trial, cluster, work, { followers: 2 });
  const simulatedWork = { delayMs: 100 + draw.below(1500), outputBytes: draw.below(30_000), everyMs: 100 };
  const options = { maxConcurrency: 5 + draw.below(fleet.count), followers: 2 };
  return { real, simulated: await FaultedJob.onSimulated(trial, cluster, fleet, simulatedWork, options) };
}
