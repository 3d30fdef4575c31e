// Much output through the real path: agent, replica, reader. MUSTER_LARGE_OUTPUT_MIB=1024 makes it long.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { planNodes } from '../../cli/job/plan-nodes.ts';
import type { Limits } from '../../proto/gen/muster/v1/Limits.ts';
import type { OutputChunk__Output } from '../../proto/gen/muster/v1/OutputChunk.ts';
import { newJobId } from '../../shared/ids.ts';
import { planRoot } from '../../shared/merkle.ts';
import { buildOrder } from '../../shared/order.ts';
import { jobMethods } from '../../shared/rpc/methods.ts';
import { ProcessCluster } from '../harness/process-cluster.ts';

const mib = 1024 * 1024;
const sizeMib = Number(process.env.MUSTER_LARGE_OUTPUT_MIB ?? 256);
/** What buffers and a lazy collector may take: half of what passes in the short run, an eighth of the long one. */
const roomBytes = 128 * mib;

let cluster: ProcessCluster;

before(async () => {
  cluster = await ProcessCluster.start(2);
});
after(() => cluster.close());

/** A script that prints `size` MiB. */
const numbered = (size: number): string =>
  `yes 0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmno | head -c ${size * mib}`;

async function submit(node: string, script: string, limits: Limits = {}): Promise<string> {
  const nodes = await planNodes(cluster.client, { selector: '', nodes: [node] });
  const targets = nodes.map(({ uid }) => uid);
  const plan = { root: planRoot(targets), count: targets.length };
  const { order, bytes } = buildOrder({
    id: newJobId(),
    command: { argv: [script], shell: true },
    plan,
    limits,
    createdUnixMs: Date.now(),
  });
  await cluster.client.call(jobMethods.Submit, { order: bytes, targets });
  return order.id;
}

async function* outputOf(jobId: string): AsyncGenerator<OutputChunk__Output> {
  for await (const { event } of cluster.client.stream(jobMethods.Watch, { jobId }))
    if (event?.output) yield event.output as OutputChunk__Output;
}

interface Read {
  readonly bytes: number;
  readonly sha256: string;
  readonly gaps: { from: number; until: number; reason: string }[];
}

async function readAll(jobId: string): Promise<Read> {
  const hash = createHash('sha256');
  let bytes = 0;
  const gaps: Read['gaps'] = [];
  for await (const chunk of outputOf(jobId)) {
    if (chunk.unavailable) assert.fail(chunk.unavailable);
    if (chunk.gap) gaps.push(chunk.gap);
    if (chunk.data.length === 0) continue;
    assert.equal(
      chunk.offset,
      bytes + gaps.reduce((sum, gap) => sum + gap.until - gap.from, 0),
      'pieces follow each other',
    );
    hash.update(chunk.data);
    bytes += chunk.data.length;
  }
  return { bytes, sha256: hash.digest('hex'), gaps };
}

function expected(bytes: number): string {
  const line = '0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmno\n';
  const block = Buffer.from(line.repeat(1000));
  const hash = createHash('sha256');
  let left = bytes;
  for (; left >= block.length; left -= block.length) hash.update(block);
  return hash.update(block.subarray(0, left)).digest('hex');
}

test(`${sizeMib} MiB pass unchanged in flat memory, past a stalled reader, and a late one sees it all`, async (t) => {
  const agent = cluster.agents[0];
  assert.ok(agent);
  const before = { replica: cluster.replica.residentBytes, agent: agent.residentBytes };
  const id = await submit('node-0', numbered(sizeMib), { outputBoundBytes: 2048 * mib });
  const stalled = outputOf(id);
  await stalled.next();
  const whole = await readAll(id);
  const grown = { replica: cluster.replica.residentBytes - before.replica, agent: agent.residentBytes - before.agent };
  t.diagnostic(
    `grown by ${Math.round(grown.replica / mib)} MiB (replica) and ${Math.round(grown.agent / mib)} MiB (agent)`,
  );
  assert.deepEqual(whole.gaps, []);
  assert.equal(whole.bytes, sizeMib * mib);
  assert.equal(whole.sha256, expected(sizeMib * mib));
  assert.ok(grown.replica < roomBytes, `the replica grew by ${grown.replica} bytes`);
  assert.ok(grown.agent < roomBytes, `the agent grew by ${grown.agent} bytes`);
  await stalled.return(undefined);
  assert.deepEqual(await readAll(id), whole, 'a second reader, later, from byte 0');
});

test('past its bound the output has its gap where it is, and the rest is whole', async () => {
  const id = await submit('node-1', `${numbered(80)}; echo the end`, { outputBoundBytes: 32 * mib });
  // Whoever reads along sees what is dropped later: wait until it is over.
  for await (const _ of cluster.client.stream(jobMethods.Watch, { jobId: id, withoutOutput: true }));
  const { bytes, gaps } = await readAll(id);
  const total = 80 * mib + 'the end\n'.length;
  assert.equal(gaps.length, 1);
  const [gap] = gaps;
  assert.equal(gap?.from, 0);
  assert.equal(gap?.reason, 'bound');
  assert.equal(bytes + (gap?.until ?? 0), total, 'what is not in the gap is there');
  assert.ok(bytes >= 16 * mib && bytes <= 48 * mib, `${bytes} bytes are kept of a bound of 32 MiB in segments of 16`);
});

test('a megabyte of every byte value comes back identical', async () => {
  const script = `i=0; f=/tmp/$MUSTER_JOB; while [ $i -lt 256 ]; do printf "\\\\$(printf %03o $i)"; i=$((i+1)); done > $f; n=0; while [ $n -lt 12 ]; do cat $f $f > $f.2; mv $f.2 $f; n=$((n+1)); done; cat $f; rm $f`;
  const { bytes, sha256 } = await readAll(await submit('node-1', script));
  const all = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
  const hash = createHash('sha256');
  for (let n = 0; n < 4096; n += 1) hash.update(all);
  assert.equal(bytes, mib);
  assert.equal(sha256, hash.digest('hex'));
});
