import { beliefIn } from '../../cli/job/believed.ts';
import { type FollowEvent, followJob } from '../../cli/job/follow-job.ts';
import { readOutput } from '../../cli/job/read-output.ts';
import type { FrozenOrder } from '../../cli/job/submit-order.ts';
import type { BenchProcess } from '../harness/bench-process.ts';
import { BenchReplica } from '../harness/bench-replica.ts';
import { atLeastTimesRaw, type Budget, type MeasuredLine } from '../harness/line.ts';
import { residentBytes } from '../harness/process-cost.ts';
import { type Pair, repeatPairs } from '../harness/repeat.ts';
import type { Row } from '../harness/row.ts';
import { spread } from '../harness/stats.ts';
import { BareFleet } from '../raw/bare-fleet.ts';

const mib = 2 ** 20;
const shortBytes = 256 * mib;
const fullBytes = 1024 * mib;
/** How much resident memory may grow by and still be called flat: rings, garbage not yet collected. */
const flatMib = 64;
const sampleMs = 50;

interface Passed {
  readonly mbPerS: number;
  /** The most that resident memory of server and agent together grew meanwhile, in MiB. */
  readonly grownMib: number;
}

/** While the command writes, and from the spool afterwards. */
interface Figures {
  readonly live: Passed;
  readonly later: Passed;
}

/** A stream of output of one real node, through a replica to a reader: while the command writes it, and from the spool afterwards. */
export const outputRow: Row = {
  name: 'output',
  title: 'output of one node through a replica',
  async run(bench) {
    const bytes = bench.full ? fullBytes : shortBytes;
    const bare = await BareFleet.start(bench);
    const { agents } = await bare.attach(1);
    const replica = await BenchReplica.start(bench);
    const agent = await replica.startAgent('real');
    const planned = await replica.planNode('real');
    const command = { argv: ['head', '-c', String(bytes), '/dev/zero'] };
    const processes = [replica.process, agent];
    const pairs = await repeatPairs<Figures>(bench, {
      async raw() {
        const passed = await watching([bare.relay, agents], bytes, () => bare.read(bytes));
        return { live: passed, later: passed };
      },
      async muster() {
        const order = replica.freeze({ command, limits: { outputBoundBytes: 2 * fullBytes } }, planned);
        const live = await watching(processes, bytes, async () => {
          await replica.submit(order);
          return received(watched(replica, order), bytes);
        });
        return { live, later: await watching(processes, bytes, () => received(logs(replica, order.id), bytes)) };
      },
    });
    const note =
      `${bytes / mib} MiB of stdout of a real command on a real agent, 64 KiB a message, from the first byte at the reader to the ` +
      'last. Raw: the same chunks from a bare grpc-js client through a bare relay to the reader; nothing is kept.';
    return [
      line('output of one node through a replica, as it is written', pairs, 'live', note, atLeastTimesRaw(0.6)),
      line('output of one node through a replica, from the spool', pairs, 'later', note),
      {
        what: 'memory of replica and agent together grew by at most, meanwhile',
        unit: 'MiB',
        raw: pairs.map(({ raw }) => raw.live.grownMib),
        muster: pairs.map(({ muster }) => muster.live.grownMib),
        budget: { text: `flat: ≤ ${flatMib} MiB`, met: ({ muster }) => muster.median <= flatMib },
      },
    ];
  },
};

function line(
  what: string,
  pairs: readonly Pair<Figures>[],
  which: 'live' | 'later',
  note: string,
  budget?: Budget,
): MeasuredLine {
  const raw = pairs.map((pair) => pair.raw[which].mbPerS);
  const muster = pairs.map((pair) => pair.muster[which].mbPerS);
  return { what, unit: 'MB/s', raw, muster, note, ...(budget && { budget }) };
}

async function watching(
  processes: readonly BenchProcess[],
  bytes: number,
  pass: () => Promise<number>,
): Promise<Passed> {
  for (const each of processes) await each.collectGarbage();
  const resident = (): number => processes.reduce((sum, { pid }) => sum + residentBytes(pid), 0);
  const before = resident();
  const samples = [before];
  const timer = setInterval(() => samples.push(resident()), sampleMs);
  try {
    const ms = await pass();
    return { mbPerS: bytes / 1e6 / (ms / 1000), grownMib: (spread(samples).max - before) / mib };
  } finally {
    clearInterval(timer);
  }
}

/** As `muster run` gets it. */
const watched = ({ client }: BenchReplica, { id, bytes }: FrozenOrder) =>
  followJob({ client, jobId: id, belief: beliefIn(bytes, { signed: false }), retryForMs: 0 });

/** As `muster logs` gets it. */
const logs = ({ client }: BenchReplica, jobId: string) =>
  readOutput({ client, jobId, node: 'real', stream: 'stdout', from: 0, follow: true, retryForMs: 0 });

/** ms from the first byte to the last. Throws where a byte is missing. */
async function received(events: AsyncIterable<FollowEvent>, bytes: number): Promise<number> {
  let first = 0;
  let last = 0;
  let length = 0;
  for await (const event of events) {
    if (event.type !== 'output') continue;
    last = performance.now();
    first ||= last;
    length += event.data.length;
  }
  if (length !== bytes) throw new Error(`${length} of ${bytes} bytes came`);
  return last - first;
}
