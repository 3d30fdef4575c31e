import { beliefIn, believed } from '../../cli/job/believed.ts';
import type { Execution, Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import { executionId, newJobId } from '../../shared/ids.ts';
import { codec } from '../../shared/rpc/proto.ts';
import { SigningKey, uidOfKey } from '../../shared/signing/keys.ts';
import { signResult } from '../../shared/signing/result-signature.ts';
import type { Random } from '../../test/crash/random.ts';

const executions = codec<Execution, Execution__Output>('muster.v1.Execution');
const order = Buffer.from('an order');
const belief = beliefIn(order, { signed: true });
const node = SigningKey.generate();
const stranger = SigningKey.generate();
const id = executionId(newJobId(), uidOfKey(node.public), 1);
const failed: ExecutionResult = {
  state: 'EXECUTION_STATE_FAILED',
  exitCode: 3,
  startedUnixMs: 1_000,
  finishedUnixMs: 2_000,
  durationMs: 1_000,
  stdout: { bytes: 5, digest: Buffer.alloc(32, 1) },
  stderr: { bytes: 0, digest: Buffer.alloc(0) },
};
const signed = (result: ExecutionResult, key = node, execution = id): ExecutionResult =>
  signResult({ execution, orderDigest: belief.orderDigest }, result, key);
const succeeded: ExecutionResult = { ...failed, state: 'EXECUTION_STATE_SUCCEEDED', exitCode: 0 };

/** What a hostile control plane may say of a command that failed, or that never ran. */
const forgeries: Readonly<Record<string, (random: Random) => ExecutionResult>> = {
  'no signature': () => succeeded,
  'another state over the signature': () => ({ ...signed(failed), state: 'EXECUTION_STATE_SUCCEEDED' }),
  'another exit code': (random) => ({ ...signed(failed), exitCode: random.below(3) }),
  'other output': (random) => ({ ...signed(failed), stdout: { bytes: random.below(5), digest: Buffer.alloc(32, 1) } }),
  'another digest': (random) => ({
    ...signed(failed),
    stdout: { bytes: 5, digest: Buffer.alloc(32, 2 + random.below(200)) },
  }),
  'another node’s key': () => signed(succeeded, stranger),
  'another job’s result': () => signed(succeeded, node, executionId(newJobId(), uidOfKey(node.public), 1)),
  'another order’s result': () => signResult({ execution: id, orderDigest: 'ab'.repeat(32) }, succeeded, node),
  'a result without an order': () => signResult({ execution: id, orderDigest: '' }, succeeded, node),
  'a bit of the signature flipped': (random) => {
    const result = signed(succeeded);
    const signature = Buffer.from(result.signature?.signature ?? '');
    const at = random.below(64);
    signature[at] = (signature[at] ?? 0) ^ (1 << random.below(8));
    return { ...result, signature: { ...result.signature, signature } };
  },
};

const told = (result: ExecutionResult): Execution__Output =>
  believed(executions.decode(executions.encode({ id, node: 'host', state: result.state ?? 0, result })), belief);

/** Says so many forged results over the wire to what the command line believes by. Answers what was believed, a sentence each. */
export function forgedResults(count: number, random: Random): string[] {
  const problems: string[] = [];
  const kinds = Object.entries(forgeries);
  for (let n = 0; n < count; n += 1) {
    const [kind, forge] = kinds[n % kinds.length] as (typeof kinds)[number];
    if (!told(forge(random)).undetermined) problems.push(`believed: ${kind}`);
  }
  if (told(signed(failed)).state !== 'EXECUTION_STATE_FAILED') problems.push('a genuine failure is not believed');
  if (told(signed(succeeded)).state !== 'EXECUTION_STATE_SUCCEEDED') problems.push('a genuine success is not believed');
  return problems;
}
