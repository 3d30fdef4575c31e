import { sleep } from '../../shared/time.ts';
import { startTrialEtcd } from '../cluster/etcd.ts';
import { FaultCluster } from '../cluster/fault-cluster.ts';
import type { SimulatedFleet } from '../cluster/simulated-fleet.ts';
import { FaultedJob } from '../faulted-job.ts';
import type { FaultCase, Trial } from '../trial.ts';

type Fault = (window: string) => Promise<void>;

export const random: FaultCase = {
  name: 'random',
  title: 'a seeded mix of all faults under jobs without end; for --soak',
  short: true,
  async run(trial) {
    const [count, agents] = trial.full || trial.soakMs > 0 ? [300, 5] : [40, 2];
    const runMs = trial.soakMs || (trial.full ? 120_000 : 10_000);
    const etcd = await startTrialEtcd(trial);
    const cluster = await FaultCluster.start(trial, {
      ...{ replicas: 3, agents, etcd: [etcd.endpoint], leaseTerm: '2s', proxied: true },
    });
    const fleet = await cluster.simulate({ count, prefix: 'sim' });
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
    const faults = mix(trial, cluster, etcd);
    while (performance.now() < until) {
      await sleep(trial.random.below(1500), trial.signal);
      const fault = faults[trial.random.below(faults.length)] as Fault;
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

/** Each fault heals what it has done before it resolves. */
function mix(trial: Trial, cluster: FaultCluster, etcd: { kill(): Promise<void>; restart(): Promise<void> }): Fault[] {
  const { random: draw, signal } = trial;
  const replica = (): number => draw.below(cluster.replicas.length);
  const agent = (): number => draw.below(cluster.processes.agents.length);
  const awhile = (): Promise<void> => sleep(draw.below(4000), signal);
  return [
    async (window) => {
      const n = replica();
      await cluster.kill(n, window);
      await awhile();
      cluster.begin(n);
      await cluster.ready(n);
    },
    async (window) => {
      const n = replica();
      await cluster.drain(n, window);
      cluster.begin(n);
      await cluster.ready(n);
    },
    async (window) => {
      const n = replica();
      cluster.pause(n, window);
      await awhile();
      cluster.resume(n);
    },
    async (window) => {
      const n = replica();
      cluster.cut(n, window);
      await awhile();
      cluster.heal(n);
    },
    async (window) => {
      const n = agent();
      await cluster.killAgent(n, window);
      await sleep(draw.below(500), signal);
      cluster.processes.agents[n]?.start();
    },
    async (window) => {
      trial.fault('kill-etcd', 'all', window);
      await etcd.kill();
      await awhile();
      await etcd.restart();
    },
  ];
}
