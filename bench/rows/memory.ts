import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchProcess } from '../harness/bench-process.ts';
import { BenchReplica } from '../harness/bench-replica.ts';
import { atMostRawPlus } from '../harness/line.ts';
import { simulatedNote } from '../harness/notes.ts';
import { residentBytes } from '../harness/process-cost.ts';
import { repeatPairs } from '../harness/repeat.ts';
import type { Bench, Row } from '../harness/row.ts';
import { BareFleet } from '../raw/bare-fleet.ts';

const warmUpNodes = 100;
const settleMs = 250;

/** Resident memory that a server has more with N idle sessions, after garbage collection, a session. New processes each time. */
export const memoryRow: Row = {
  name: 'memory',
  title: 'memory per idle session on a replica',
  async run(bench) {
    const { nodes } = bench;
    const pairs = await repeatPairs<number>(bench, {
      raw: () =>
        inOneRepetition(bench, async (own) => {
          const bare = await BareFleet.start(own);
          return growth(bare.relay, nodes, (count) => bare.attach(count));
        }),
      muster: () =>
        inOneRepetition(bench, async (own) => {
          const replica = await BenchReplica.start(own);
          return growth(replica.process, nodes, (count, prefix) => replica.simulate(count, prefix));
        }),
    });
    return [
      {
        what: 'memory per idle session on a replica',
        unit: 'KiB',
        raw: pairs.map(({ raw }) => raw),
        muster: pairs.map(({ muster }) => muster),
        budget: atMostRawPlus(12, 'KiB'),
        note:
          `Growth of resident memory with ${nodes} sessions after ${warmUpNodes} to warm up, garbage collected before and ` +
          `after. Raw: a bare grpc-js server with as many open streams. ${simulatedNote}`,
      },
    ];
  },
};

async function growth(
  server: BenchProcess,
  nodes: number,
  attach: (count: number, prefix: string) => Promise<unknown>,
): Promise<number> {
  await attach(warmUpNodes, 'warm');
  const before = await settled(server);
  await attach(nodes, 'sim');
  return ((await settled(server)) - before) / nodes / 1024;
}

async function settled(server: BenchProcess): Promise<number> {
  await sleep(settleMs);
  await server.collectGarbage();
  await sleep(settleMs);
  return residentBytes(server.pid);
}

/** Runs with a bench whose processes are stopped at once. */
async function inOneRepetition<Result>(bench: Bench, measure: (own: Bench) => Promise<Result>): Promise<Result> {
  const cleanups: (() => Promise<void> | void)[] = [];
  const stopping = (started: BenchProcess): BenchProcess => {
    cleanups.push(() => started.stop());
    return started;
  };
  try {
    return await measure({
      ...bench,
      start: async (options) => stopping(await bench.start(options)),
      startRaw: async (file) => stopping(await bench.startRaw(file)),
      after: (action) => void cleanups.push(action),
    });
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}
