import type { BenchProcess } from '../harness/bench-process.ts';
import { BenchReplica } from '../harness/bench-replica.ts';
import { atLeastTimesRaw, atMost, type MeasuredLine } from '../harness/line.ts';
import { simulatedNote } from '../harness/notes.ts';
import { type Pair, repeatPairs } from '../harness/repeat.ts';
import type { Row } from '../harness/row.ts';
import { BareFleet } from '../raw/bare-fleet.ts';

/** The most that the setting takes: what is measured is what a replica can do, not what it lets itself be asked. */
const unbounded = 100_000;

/** Agents attached per second: all dial at once, as after a restart of their replica, from a process just started. */
export const attachRow: Row = {
  name: 'attach',
  title: 'agents attached per second, per replica',
  async run(bench) {
    const { nodes } = bench;
    const replica = await BenchReplica.start(bench, { flags: ['--admit-rate', `${unbounded}`] });
    const bare = await BareFleet.start(bench);
    const pairs = await repeatPairs<Figures>(bench, {
      async raw() {
        const attached = await measure(bare.relay, nodes, () => bare.attach(nodes));
        return { known: attached, fresh: attached };
      },
      async muster(repetition) {
        const attach = () => measure(replica.process, nodes, () => replica.simulate(nodes, `sim${repetition}`));
        return { fresh: await attach(), known: await attach() };
      },
    });
    const pairNote = `${nodes} at once, from a process just started; raw: as many bare grpc-js clients, each opening a stream with a first exchange. ${simulatedNote}`;
    return [
      line('agents attached, known to the store', pairs, 'known', { note: pairNote, budget: atLeastTimesRaw(0.8) }),
      line('agents attached, new to the store', pairs, 'fresh', { note: pairNote }),
      {
        what: 'loop of the server blocked at most, while they attach',
        unit: 'ms',
        raw: pairs.map(({ raw }) => raw.known.blockedMs),
        muster: pairs.map(({ muster }) => Math.max(muster.known.blockedMs, muster.fresh.blockedMs)),
        budget: atMost(200, 'ms'),
      },
    ];
  },
};

interface Attached {
  readonly perSecond: number;
  readonly blockedMs: number;
}

/** Nodes that the store knows already, and such that register. */
interface Figures {
  readonly known: Attached;
  readonly fresh: Attached;
}

type Extra = Pick<MeasuredLine, 'note' | 'budget'>;

function line(what: string, pairs: readonly Pair<Figures>[], which: keyof Figures, extra: Extra): MeasuredLine {
  const raw = pairs.map((pair) => pair.raw[which].perSecond);
  const muster = pairs.map((pair) => pair.muster[which].perSecond);
  return { what, unit: '1/s', raw, muster, ...extra };
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
