import { startBenchEtcd } from '../harness/bench-etcd.ts';
import type { BenchProcess } from '../harness/bench-process.ts';
import { atMost, atMostTimesRaw, type Budget, type MeasuredLine } from '../harness/line.ts';
import { repeatPairs } from '../harness/repeat.ts';
import type { Row } from '../harness/row.ts';

const nodes = 50_000;
const mebibyte = 1024 * 1024;

interface View {
  readonly elapsedMs: number;
  readonly bytes: number;
}

/** How long a replica takes to know all nodes when it starts, and what its directory of them weighs. */
export const directoryRow: Row = {
  name: 'directory',
  title: `a replica's view of ${nodes.toLocaleString('en-US')} nodes`,
  async run(bench) {
    const endpoint = await startBenchEtcd(bench);
    if (endpoint === undefined) return [];
    const muster = await bench.start({ program: 'bench/programs/directory-main.ts' });
    const bare = await bench.startRaw('range-main.ts');
    bench.say(`writing ${nodes.toLocaleString('en-US')} nodes and presences`);
    await muster.ask('fill', { setting: `etcd://${endpoint}/fleet`, nodes });
    const pairs = await repeatPairs<View>(bench, {
      raw: () => readKeys(bare, endpoint),
      muster: () => fullView(muster),
    });
    const line = (
      what: string,
      unit: string,
      figure: (view: View) => number,
      budget: Budget,
      note: string,
    ): MeasuredLine => ({
      ...{ what, unit, budget, note },
      raw: pairs.map(({ raw }) => figure(raw)),
      muster: pairs.map((pair) => figure(pair.muster)),
    });
    return [
      line(
        `time to a full view of ${nodes.toLocaleString('en-US')} nodes`,
        'ms',
        ({ elapsedMs }) => elapsedMs,
        atMostTimesRaw(3),
        'Every node with its labels, facts and presence, indexed, from etcd. Raw: bare etcd3 reads the same keys, in pages, and keeps their bytes.',
      ),
      line(
        `memory of a directory of ${nodes.toLocaleString('en-US')} nodes`,
        'MiB',
        ({ bytes }) => bytes / mebibyte,
        atMost(100, 'MiB'),
        'Heap and buffers after garbage collection. Raw: keys and values as bytes in maps.',
      ),
    ];
  },
};

async function readKeys(bare: BenchProcess, endpoint: string): Promise<View> {
  const prefixes = ['fleet/nodes/', 'fleet/presence/'];
  const read = await bare.ask<View & { keys: number }>('read', { endpoint, prefixes });
  if (read.keys !== 2 * nodes) throw new Error(`${read.keys} keys were read, not ${2 * nodes}`);
  return read;
}

async function fullView(muster: BenchProcess): Promise<View> {
  const view = await muster.ask<View & { size: number; connected: number }>('view');
  if (view.size !== nodes || view.connected !== nodes)
    throw new Error(`only ${view.connected} of ${view.size} nodes are seen connected`);
  return view;
}
