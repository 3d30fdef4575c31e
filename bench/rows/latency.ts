import type { PlannedNode__Output } from '../../proto/gen/muster/v1/PlannedNode.ts';
import { startBenchEtcd } from '../harness/bench-etcd.ts';
import type { BenchProcess } from '../harness/bench-process.ts';
import { BenchReplica } from '../harness/bench-replica.ts';
import { atMostTimesRaw, type MeasuredLine } from '../harness/line.ts';
import { repeatPairs } from '../harness/repeat.ts';
import type { Bench, Row } from '../harness/row.ts';
import { median } from '../harness/stats.ts';
import { BareFleet, submitBytes } from '../raw/bare-fleet.ts';
import type { InFlight } from '../raw/in-flight.ts';

const runsEach = 25;
const fullRunsEach = 200;

/** From submit to the exit status of `true` on one connected, real node, beside the sum of what it can't do without. */
export const latencyRow: Row = {
  name: 'latency',
  title: 'submit → exit status of `true` on one real node',
  async run(bench) {
    const lines = await measure(bench, 'embedded', undefined);
    const endpoint = await startBenchEtcd(bench);
    return endpoint === undefined ? lines : [...lines, ...(await measure(bench, 'etcd', endpoint))];
  },
};

type Driver = 'embedded' | 'etcd';

interface Times {
  readonly ms: number;
  /** What the raw sum is made of; when Muster’s client saw what. */
  readonly parts: Readonly<Record<string, number>>;
}

/** ms after submit at which the client had the answer, saw the command running, had its exit status. */
interface Stages {
  readonly submitted: number;
  readonly running: number;
  readonly exited: number;
}

async function measure(bench: Bench, driver: Driver, etcd: string | undefined): Promise<MeasuredLine[]> {
  const runs = bench.full ? fullRunsEach : runsEach;
  const replica = await BenchReplica.start(bench, etcd === undefined ? {} : { store: `etcd://${etcd}/bench` });
  await replica.startAgent(`real-${driver}`);
  const planned = await replica.planNode(`real-${driver}`);
  const bare = await BareFleet.start(bench);
  await bare.attach(1);
  const platform = await bench.startRaw('platform-main.ts');
  if (etcd === undefined) await platform.ask('open-sqlite', bench.folder('sqlite'));
  else await platform.ask('open-etcd', etcd);
  const raw = { bare, platform, driver, folder: bench.folder('fsync'), runs };
  const pairs = await repeatPairs<Times>(bench, {
    raw: () => rawSum(raw),
    muster: () => throughMuster(runs, replica, planned),
  });
  const part = (name: string, of: 'raw' | 'muster' = 'raw'): string =>
    median(pairs.map((pair) => pair[of].parts[name] ?? 0)).toFixed(2);
  return [
    {
      what: `submit → exit status of \`true\`, one connected node, p50, ${driver} store`,
      ...{ unit: 'ms', budget: atMostTimesRaw(1.4) },
      raw: pairs.map((pair) => pair.raw.ms),
      muster: pairs.map((pair) => pair.muster.ms),
      note:
        `Real replica and agent, a client that stays connected, ${runs} runs a repetition. Raw: the sum of a bare relay’s round ` +
        `trip (${part('relay')} ms), Node’s spawn of \`true\` (${part('spawn')}), two bare ${driver === 'etcd' ? 'etcd' : 'SQLite'} ` +
        `commits (2 × ${part('commit')}) and two fsyncs (2 × ${part('fsync')}), medians. Of Muster’s, submit was answered after ${part('submitted', 'muster')} ms and the ` +
        `command seen running after ${part('running', 'muster')}.`,
    },
  ];
}

interface Raw {
  readonly bare: BareFleet;
  readonly platform: BenchProcess;
  readonly driver: Driver;
  readonly folder: string;
  readonly runs: number;
}

async function rawSum({ bare, platform, driver, folder, runs }: Raw): Promise<Times> {
  const submit = submitBytes(1);
  const relay = median(await times(runs, () => bare.order(submit)));
  const spawn = median((await platform.ask<InFlight>('spawn', { count: runs, concurrency: 1 })).each);
  const one = { driver, transactions: runs, putsEach: 1, concurrency: 1 };
  const commit = median((await platform.ask<InFlight>('puts', one)).each);
  const fsync = median(await platform.ask<number[]>('fsync', { folder, count: runs }));
  return { ms: relay + spawn + 2 * commit + 2 * fsync, parts: { relay, spawn, commit, fsync } };
}

async function throughMuster(
  runs: number,
  replica: BenchReplica,
  planned: readonly PlannedNode__Output[],
): Promise<Times> {
  const stages = await times(runs, () => runTrue(replica, planned));
  const submitted = median(stages.map((stage) => stage.submitted));
  const running = median(stages.map((stage) => stage.running));
  return { ms: median(stages.map((stage) => stage.exited)), parts: { submitted, running } };
}

async function times<Result>(count: number, action: () => Promise<Result>): Promise<Result[]> {
  const taken: Result[] = [];
  for (let n = 0; n < count; n += 1) taken.push(await action());
  return taken;
}

/** Whoever waits for an exit status leaves when it is there; the job closes by itself. */
async function runTrue(replica: BenchReplica, planned: readonly PlannedNode__Output[]): Promise<Stages> {
  const order = replica.freeze({ command: { argv: ['true'] } }, planned);
  const begin = performance.now();
  await replica.submit(order);
  const submitted = performance.now() - begin;
  let running = 0;
  for await (const { state, result } of replica.watch(order)) {
    if (state === 'EXECUTION_STATE_RUNNING') running ||= performance.now() - begin;
    if (result === null) continue;
    if (result.exitCode !== 0) throw new Error(`\`true\` ended as ${state}, ${JSON.stringify(result)}`);
    const exited = performance.now() - begin;
    return { submitted, running: running || exited, exited };
  }
  throw new Error('the job closed without an exit status');
}
