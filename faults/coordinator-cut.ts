import { sleep } from '../shared/time.ts';
import type { FaultCluster } from './cluster/fault-cluster.ts';
import { FaultedJob } from './faulted-job.ts';
import type { Trial } from './trial.ts';

export interface CutSizes {
  readonly leaseTerm: string;
  readonly cutMs: number;
  /** Simulated nodes. */
  readonly count: number;
  /** Real ones. */
  readonly agents: number;
}

export const cutSizes = ({ full }: Trial): CutSizes =>
  full
    ? { leaseTerm: '10s', cutMs: 60_000, count: 1000, agents: 5 }
    : { leaseTerm: '2s', cutMs: 5_000, count: 150, agents: 2 };

/** A job's coordinator loses etcd, and has it back while much is still to be offered; what the job then says is for the checkers. */
export async function coordinatorCut(
  trial: Trial,
  cluster: FaultCluster,
  { cutMs, count }: CutSizes,
  way: {
    cut(replica: number, window: string): Promise<void> | void;
    heal(replica: number): Promise<void> | void;
  },
): Promise<void> {
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
  await way.cut(n, job.window);
  const began = performance.now();
  const next = await job.coordinatorOtherThan(name);
  trial.figure(`${next} coordinates instead after`, Math.round(performance.now() - began), 'ms');
  await sleep(Math.max(0, cutMs - (performance.now() - began)), trial.signal);
  await way.heal(n);
  await Promise.all([real.over(), job.over()]);
  cluster.collect();
}
