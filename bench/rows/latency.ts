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

const runsEach = 40;
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
  /** What the raw sum is made of. */
  readonly parts?: Readonly<Record<'relay' | 'spawn' | 'commit' | 'fsync', number>>;
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
    muster: async () => ({ ms: median(await times(runs, () => runTrue(replica, planned))) }),
  });
  const parts = pairs.map((pair) => pair.raw.parts);
  const part = (name: keyof NonNullable<Times['parts']>): string =>
    median(parts.map((each) => each?.[name] ?? 0)).toFixed(2);
  return [
    {
      what: `submit → exit status of \`true\`, one connected node, p50, ${driver} store`,
      ...{ unit: 'ms', budget: atMostTimesRaw(1.4) },
      raw: pairs.map((pair) => pair.raw.ms),
      muster: pairs.map((pair) => pair.muster.ms),
      note:
        `Real replica and agent, a client that stays connected, ${runs} runs a repetition. Raw: the sum of a bare relay’s round ` +
        `trip (${part('relay')} ms), Node’s spawn of \`true\` (${part('spawn')}), two bare ${driver === 'etcd' ? 'etcd' : 'SQLite'} ` +
        `commits (2 × ${part('commit')}) and two fsyncs (2 × ${part('fsync')}), medians.`,
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

async function times(count: number, action: () => Promise<number>): Promise<number[]> {
  const durations: number[] = [];
  for (let n = 0; n < count; n += 1) durations.push(await action());
  return durations;
}

/** ms until the client has the exit status; the job is then left to close. */
async function runTrue(replica: BenchReplica, planned: readonly PlannedNode__Output[]): Promise<number> {
  const order = replica.freeze({ command: { argv: ['true'] } }, planned);
  const begin = performance.now();
  await replica.submit(order);
  let exitedMs: number | undefined;
  for await (const { result } of replica.watch(order.id)) {
    if (result?.exitCode !== 0) continue;
    exitedMs = performance.now() - begin;
  }
  if (exitedMs === undefined) throw new Error('`true` did not exit with 0');
  return exitedMs;
}
