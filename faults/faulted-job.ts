import { join } from 'node:path';
import { planNodes } from '../cli/job/plan-nodes.ts';
import type { PlannedNode__Output } from '../proto/gen/muster/v1/PlannedNode.ts';
import type { Rollout } from '../proto/gen/muster/v1/Rollout.ts';
import { MusterError } from '../shared/errors.ts';
import { planRoot } from '../shared/merkle.ts';
import { buildOrder } from '../shared/order.ts';
import { RpcClient } from '../shared/rpc/client.ts';
import { jobMethods } from '../shared/rpc/methods.ts';
import { retrying } from '../shared/rpc/retry.ts';
import { sleep } from '../shared/time.ts';
import type { FaultCluster } from './cluster/fault-cluster.ts';
import type { SimulatedFleet } from './cluster/simulated-fleet.ts';
import { Follower, told } from './follower.ts';
import type { ToldExecution } from './history/event.ts';
import type { Expectation, Generator } from './history/expectation.ts';
import type { Trial } from './trial.ts';

const worker = join(import.meta.dirname, 'programs/worker.sh');
const retryForMs = 120_000;
const coordinatorCapMs = 60_000;
const succeeded = 'EXECUTION_STATE_SUCCEEDED';
const failed = 'EXECUTION_STATE_FAILED';

export interface JobOptions {
  readonly maxConcurrency?: number;
  readonly maxErrors?: number;
  /** Watchers, each beginning with another replica; 1 where not given. */
  readonly followers?: number;
  readonly withoutOutput?: boolean;
  /** On these real nodes only. */
  readonly names?: readonly string[];
  readonly states?: Expectation['states'];
  readonly unstarted?: Expectation['unstarted'];
  readonly gaps?: readonly string[];
}

/** What commands on real nodes do. */
export interface RealWork {
  readonly lines: number;
  readonly linesAStep: number;
  readonly pauseMs: number;
  readonly exitCode: number;
}

/** What simulated nodes do. */
export interface SimulatedWork {
  readonly delayMs: number;
  readonly outputBytes?: number;
  readonly everyMs?: number;
  readonly exitCode?: number;
  /** Share of executions that end with `exitCode`, in percent. */
  readonly failingPercent?: number;
}

/** A job that runs while faults happen, and who watches it. */
export class FaultedJob {
  readonly id: string;
  readonly count: number;
  readonly followers: readonly Follower[];
  readonly #trial: Trial;
  readonly #cluster: FaultCluster;
  readonly #done: Promise<void>;

  /** On all real nodes. */
  static async onReal(
    trial: Trial,
    cluster: FaultCluster,
    work: RealWork,
    options: JobOptions = {},
  ): Promise<FaultedJob> {
    const { lines, linesAStep, pauseMs, exitCode } = work;
    const numbers = [lines, linesAStep, pauseMs / 1000, exitCode].map(String);
    return FaultedJob.#start(trial, cluster, options, {
      selector: 'role=test',
      argv: ['sh', worker, cluster.marks, ...numbers],
      generator: { kind: 'lines', lines },
      exitCodes: [exitCode],
    });
  }

  /** On all nodes of a simulated fleet. */
  static async onSimulated(
    trial: Trial,
    cluster: FaultCluster,
    fleet: SimulatedFleet,
    work: SimulatedWork,
    options: JobOptions = {},
  ): Promise<FaultedJob> {
    const { delayMs, outputBytes = 0, everyMs = 0, exitCode = 0, failingPercent = 100 } = work;
    const parts = [`delay=${delayMs}ms`, `output=${outputBytes}`, `every=${everyMs}ms`, `exit=${exitCode}`];
    return FaultedJob.#start(trial, cluster, options, {
      selector: `fleet=${fleet.prefix}`,
      argv: ['simulate', ...parts, `failing=${failingPercent}`],
      generator: { kind: 'simulated', seed: fleet.seed, bytes: outputBytes },
      exitCodes: failingPercent === 100 ? [exitCode] : [0, exitCode],
    });
  }

  static async #start(
    trial: Trial,
    cluster: FaultCluster,
    options: JobOptions,
    what: { selector: string; argv: string[]; generator: Generator; exitCodes: readonly number[] },
  ): Promise<FaultedJob> {
    const { selector, argv, generator, exitCodes } = what;
    const { maxConcurrency, maxErrors, withoutOutput = false, gaps = [], names = [], unstarted } = options;
    const target = { selector: names.length > 0 ? '' : selector, nodes: names };
    const planned = await retrying(() => planNodes(cluster.client, target), {
      forMs: retryForMs,
      signal: trial.signal,
    });
    const targets = planned.map(({ uid }) => uid);
    const rollout: Rollout = {
      maxConcurrency: { count: maxConcurrency ?? planned.length },
      ...(maxErrors !== undefined && { maxErrors: { count: maxErrors } }),
    };
    const { order, bytes } = buildOrder({
      ...{ id: randomId(trial), command: { argv }, selector: target.selector, rollout },
      plan: { root: planRoot(targets), count: targets.length },
      createdUnixMs: Date.now(),
    });
    const expected = exitCodes.map((code) => (code === 0 ? succeeded : failed));
    const expect: Expectation = {
      targets: planned.map(({ uid, name }: PlannedNode__Output) => ({ uid, name, generator, marks: true })),
      states: options.states ?? expected,
      ...{ exitCodes, gaps, withoutOutput },
      ...(maxConcurrency !== undefined && { maxConcurrency }),
      ...(maxErrors !== undefined && { maxErrors }),
      ...(unstarted && { unstarted }),
    };
    trial.history.add({ type: 'submit', job: order.id, expect });
    await retrying(() => cluster.client.call(jobMethods.Submit, { order: bytes, targets }, { timeoutMs: 30_000 }), {
      forMs: retryForMs,
      signal: trial.signal,
    });
    return new FaultedJob(trial, cluster, order.id, targets.length, options);
  }

  private constructor(trial: Trial, cluster: FaultCluster, id: string, count: number, options: JobOptions) {
    const { followers = 1, withoutOutput = false } = options;
    this.#trial = trial;
    this.#cluster = cluster;
    this.id = id;
    this.count = count;
    this.followers = Array.from({ length: followers }, (_, n) => {
      const place = { servers: cluster.addresses, startAt: n };
      const { history, signal } = trial;
      return new Follower({ ...place, job: id, name: `${id.slice(0, 6)}-f${n}`, withoutOutput, history, signal });
    });
    this.#done = Promise.all(this.followers.map((follower) => follower.follow())).then(() => {});
    this.#done.catch(() => {});
  }

  /** The first one. */
  get follower(): Follower {
    return this.followers[0] as Follower;
  }

  get window(): string {
    return this.follower.window;
  }

  /** Name of the replica that drives it; empty = none now. */
  async coordinator(): Promise<string> {
    const answer = await this.#cluster.client.call(jobMethods.GetJob, { jobId: this.id }).catch(() => undefined);
    return answer?.job?.coordinator ?? '';
  }

  /** Waits until another replica drives it, as the replicas but the one of that name see it; its name. */
  async coordinatorOtherThan(name: string): Promise<string> {
    const others = this.#cluster.addresses.filter((_, n) => n !== this.#cluster.indexOf(name));
    const deadline = performance.now() + coordinatorCapMs;
    for (let at = 0; performance.now() < deadline; at += 1) {
      const client = new RpcClient({ servers: others, startAt: at });
      const options = { timeoutMs: 2000, signal: this.#trial.signal };
      const answer = await client.call(jobMethods.GetJob, { jobId: this.id }, options).catch(() => undefined);
      client.close();
      const coordinator = answer?.job?.coordinator ?? '';
      if (coordinator !== '' && coordinator !== name) return coordinator;
      if (answer?.job?.state === 'JOB_STATE_CLOSED')
        throw new Error(`job ${this.id} closed without another coordinator`);
      await sleep(50, this.#trial.signal);
    }
    throw new Error(`nobody but ${name} drives job ${this.id} after ${coordinatorCapMs} ms`);
  }

  /** Resolves once so many executions are at least so far (1 pending … 4 over), as its first follower is told. */
  async reached(rank: number, count: number): Promise<void> {
    await Promise.race([this.follower.until(() => this.follower.reached(rank) >= count), this.#ended()]);
  }

  /** Until every follower has seen it close; then what each replica that runs says of it is written down. */
  async over(capMs = 240_000): Promise<void> {
    const timer = Promise.withResolvers<never>();
    const handle = setTimeout(() => timer.reject(new Error(`job ${this.id} was not over in ${capMs} ms`)), capMs);
    try {
      await Promise.race([this.#done, timer.promise]);
    } finally {
      clearTimeout(handle);
    }
    for (const [n, server] of this.#cluster.addresses.entries()) {
      if (this.#cluster.replicas[n]?.alive) await this.#list(server, n);
    }
  }

  /** A watcher who comes now; resolves when it has been told everything. */
  async watchAgain(name: string): Promise<Follower> {
    const { history, signal } = this.#trial;
    const place = { servers: this.#cluster.addresses, startAt: 0 };
    const follower = new Follower({ ...place, job: this.id, name, withoutOutput: false, history, signal });
    await follower.follow();
    return follower;
  }

  async #ended(): Promise<void> {
    await this.#done;
    throw new Error(`job ${this.id} was over before it got so far`);
  }

  async #list(server: string, n: number): Promise<void> {
    const client = new RpcClient({ servers: [server] });
    try {
      await retrying(
        async () => {
          const { job } = await client.call(jobMethods.GetJob, { jobId: this.id });
          // One that slept while others closed the job has to catch up first.
          if (job?.state !== 'JOB_STATE_CLOSED') throw new MusterError('STORE_UNAVAILABLE', `r${n} has it open still`);
          const executions: ToldExecution[] = [];
          let pageToken = '';
          do {
            const page = await client.call(jobMethods.ListExecutions, { jobId: this.id, pageSize: 1000, pageToken });
            executions.push(...page.executions.map(told));
            pageToken = page.nextPageToken;
          } while (pageToken !== '');
          this.#trial.history.add({
            type: 'listed',
            server: `r${n}`,
            job: this.id,
            state: job?.state ?? '',
            executions,
          });
        },
        { forMs: retryForMs, signal: this.#trial.signal },
      );
    } finally {
      client.close();
    }
  }
}

/** 128 bits of the trial's own chance: the same seed, the same ids. */
function randomId({ random }: Trial): string {
  return Array.from({ length: 32 }, () => random.below(16).toString(16)).join('');
}
