import type { BenchProcess } from '../harness/bench-process.ts';
import { BenchReplica } from '../harness/bench-replica.ts';
import { atLeastTimesRaw, atMost, type MeasuredLine } from '../harness/line.ts';
import { repeatPairs } from '../harness/repeat.ts';
import type { Bench, Row } from '../harness/row.ts';
import { simulatedNote } from '../harness/notes.ts';
import { BareFleet } from '../raw/bare-fleet.ts';

/** Agents attached per second: all dial at once, as after a restart of their replica, from a process just started. */
export const attachRow: Row = {
  name: 'attach',
  title: 'agents attached per second, per replica',
  async run(bench) {
    const { nodes } = bench;
    const replica = await BenchReplica.start(bench);
    const bare = await BareFleet.start(bench);
    const known = await attachAll(bench, replica, bare, () => 'known');
    // The budget's case has been measured warm; these agents register for the first time.
    const fresh = await attachAll(bench, replica, bare, (repetition) => `new${repetition}`);
    const pairNote = `${nodes} at once; raw: bare grpc-js clients opening a stream with a first exchange. ${simulatedNote}`;
    return [
      line('agents attached, known to the store', known, { note: pairNote, budget: atLeastTimesRaw(0.8) }),
      line('agents attached, new to the store', fresh, { note: `${pairNote} Registering writes inventory and name.` }),
      {
        what: 'loop of the server blocked at most, while they attach',
        unit: 'ms',
        raw: known.map(({ raw }) => raw.blockedMs),
        muster: known.map(({ muster }) => muster.blockedMs),
        budget: atMost(200, 'ms'),
      },
    ];
  },
};

interface Attached {
  readonly perSecond: number;
  readonly blockedMs: number;
}

type Pairs = readonly { readonly raw: Attached; readonly muster: Attached }[];

function line(what: string, pairs: Pairs, more: Pick<MeasuredLine, 'note' | 'budget'>): MeasuredLine {
  return {
    ...{ what, unit: '1/s' },
    raw: pairs.map(({ raw }) => raw.perSecond),
    muster: pairs.map(({ muster }) => muster.perSecond),
    ...more,
  };
}

function attachAll(
  bench: Bench,
  replica: BenchReplica,
  bare: BareFleet,
  prefix: (repetition: number) => string,
): Promise<Pairs> {
  const { nodes } = bench;
  return repeatPairs(bench, {
    raw() {
      return measure(bare.relay, nodes, () => bare.attach(nodes));
    },
    muster(repetition) {
      return measure(replica.process, nodes, () => replica.simulate(nodes, prefix(repetition)));
    },
  });
}

async function measure(
  server: BenchProcess,
  nodes: number,
  attach: () => Promise<{ agents: BenchProcess; elapsedMs: number }>,
): Promise<Attached> {
  const { result, blockedMs } = await server.loopBlockedMs(attach);
  await result.agents.stop();
  return { perSecond: (nodes / result.elapsedMs) * 1000, blockedMs };
}
