import { Command } from 'commander';
import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import type { Order, Order__Output } from '../../proto/gen/muster/v1/Order.ts';
import type { PlannedNode__Output } from '../../proto/gen/muster/v1/PlannedNode.ts';
import { MusterError } from '../../shared/errors.ts';
import { planRoot } from '../../shared/merkle.ts';
import { defaultExpiryMs } from '../../shared/order.ts';
import { codec } from '../../shared/rpc/proto.ts';
import type { SigningKey } from '../../shared/signing/keys.ts';
import { orderSigners, type SignedOrder } from '../../shared/signing/order-signature.ts';
import type { Span } from '../../shared/telemetry.ts';
import type { CliContext } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import { type ConnectionFlags, withClient, withConnection } from '../flags/connection.ts';
import { type JobOutputFlags, withJobOutput } from '../flags/job-output.ts';
import { type SigningFlags, signingKey, withSigning } from '../flags/signing.ts';
import { jobId } from '../flags/values.ts';
import { beliefIn } from '../job/believed.ts';
import { latestAttempts } from '../job/execution-states.ts';
import { getJob, listExecutions } from '../job/get-job.ts';
import { planNodes } from '../job/plan-nodes.ts';
import { presentJob } from '../job/present-job.ts';
import { readStdin } from '../job/read-stdin.ts';
import { submitOrInterrupt } from '../job/submit-or-interrupt.ts';
import { freezeOrder } from '../job/submit-order.ts';
import { waitingNotice } from '../render/away-notice.ts';
import { jobReporter } from '../render/job-reporter.ts';
import { planText } from '../render/plan-text.ts';
import { withSpan } from '../tracing.ts';
import { UsageError } from '../usage-error.ts';

type RerunFlags = JobOutputFlags &
  ConnectionFlags &
  SigningFlags & { failed?: boolean; stdin?: string; dryRun?: boolean; detach?: boolean };

const orders = codec<Order, Order__Output>('muster.v1.Order');

/** `muster rerun`: the same command on the same nodes, or those where it did not succeed, as a new job. */
export function rerunCommand(context: CliContext): Command {
  const command = new Command('rerun')
    .description('Run the command of a job again on the same nodes, as a new job.')
    .argument('<job>', 'job id', jobId)
    .option('--failed', 'only where it did not succeed')
    .option('--stdin <file>', 'standard input again, where the job had one; - is our own')
    .option('--dry-run', 'show which nodes it would run on, and run nothing')
    .option('--detach', 'submit, print the job id and leave');
  withSigning(withConnection(withJobOutput(command)));
  return command.action(async (id: string, flags: RerunFlags) => {
    context.exit(await withSpan(context, 'muster rerun', (span) => rerun(context, id, flags, span)));
  });
}

async function rerun(context: CliContext, id: string, flags: RerunFlags, span: Span): Promise<number> {
  return withClient(flags, async (client) => {
    const key = signingKey(flags);
    const { job, signed } = await getJob(client, id);
    const order = key ? ownOrder(id, signed, key) : job.order;
    if (!order?.command) throw new MusterError('INTERNAL', `job ${id} came without its order`);
    const stdin = await sameStdin(order.stdinBytes, flags.stdin);
    const belief = beliefIn(signed.order, { signed: key !== undefined || signed.signature.length > 0 });
    const before = latestAttempts(await listExecutions(client, id, belief));
    const wanted = flags.failed ? before.filter(({ state }) => state !== 'EXECUTION_STATE_SUCCEEDED') : before;
    if (wanted.length === 0) {
      throw new MusterError('NO_NODE_MATCHED', `job ${id} succeeded everywhere: nothing to run again`);
    }
    const planned = await planNodes(client, { selector: '', nodes: wanted.map(({ node }) => node) });
    const deliverWithinMs = order.deliveryDeadlineUnixMs > 0 ? order.deliveryDeadlineUnixMs - order.createdUnixMs : 0;
    const { command, limits, rollout, latestKey, lane } = order;
    const createdUnixMs = Date.now();
    const given = { command, limits, rollout, latestKey, ...(lane && { lane }), createdUnixMs, deliverWithinMs };
    if (key) checkSameNodes(order, before, planned);
    const frozen = freezeOrder({ ...given, ...(stdin && { stdin }) }, planned, key);
    span.setAttribute('job.id', frozen.id);
    if (flags.dryRun) {
      await context.stdout.write(await planText({ order: frozen, planned, format: flags.output ?? 'table' }));
      return exitStatus.succeeded;
    }
    const submitted = await submitOrInterrupt(context, client, frozen, { retryForMs: flags.retryFor, span });
    if (submitted !== 'stored') return submitted;
    const waiting = waitingNotice(planned, createdUnixMs + (deliverWithinMs || defaultExpiryMs), createdUnixMs);
    if (flags.quiet !== true) await context.stderr.write(waiting);
    if (flags.detach) {
      await context.stdout.write(`${frozen.id}\n`);
      return exitStatus.succeeded;
    }
    return presentJob({
      context,
      client,
      jobId: frozen.id,
      belief: beliefIn(frozen.bytes, { signed: key !== undefined }),
      reporter: await jobReporter({ context, flags, raw: false, nodes: planned.map(({ name }) => name) }),
      retryForMs: flags.retryFor,
      exitOfCommand: flags.exitOfCommand === true,
    });
  });
}

/** The order as this key signed it: nobody else's is signed anew because the control plane says that it is ours. */
function ownOrder(id: string, signed: SignedOrder, key: SigningKey): Order__Output {
  const signer = orderSigners(signed, new Map([[key.public.id, key.public]]));
  if ('fault' in signer) {
    throw new UsageError(
      `job ${id} was not signed with this key (${signer.fault}): give the command itself to muster run`,
    );
  }
  const order = orders.decode(signed.order);
  if (order.id !== id) throw new UsageError(`the order that came for job ${id} is that of job ${order.id}`);
  return order;
}

/** The nodes are those that the first order was signed for, whatever their names mean now. */
function checkSameNodes(
  { planRoot: root }: Order__Output,
  before: readonly Execution__Output[],
  planned: readonly PlannedNode__Output[],
): void {
  const uids = before.map(({ nodeUid }) => nodeUid);
  const strange = planned.find(({ uid }) => !uids.includes(uid));
  if (strange)
    throw new UsageError(`${strange.name} is another node now than it was in that job: name it to muster run`);
  if (!planRoot(uids).equals(root)) throw new UsageError('the nodes that came for that job are not those of its order');
}

/** The control plane gives nobody a job's standard input back, so it has to come again. */
async function sameStdin(bytes: number, file: string | undefined): Promise<Buffer | undefined> {
  if (file !== undefined) return readStdin(file);
  if (bytes > 0) throw new UsageError(`the job had ${bytes} bytes of standard input: give them again with --stdin`);
  return undefined;
}
