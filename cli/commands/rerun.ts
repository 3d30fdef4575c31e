import { Command } from 'commander';
import { MusterError } from '../../shared/errors.ts';
import { defaultExpiryMs } from '../../shared/order.ts';
import type { Span } from '../../shared/telemetry.ts';
import type { CliContext } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import { type ConnectionFlags, withClient, withConnection } from '../flags/connection.ts';
import { type JobOutputFlags, withJobOutput } from '../flags/job-output.ts';
import { jobId } from '../flags/values.ts';
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
  ConnectionFlags & { failed?: boolean; stdin?: string; dryRun?: boolean; detach?: boolean };

/** `muster rerun`: the same command on the same nodes, or those where it did not succeed, as a new job. */
export function rerunCommand(context: CliContext): Command {
  const command = new Command('rerun')
    .description('Run the command of a job again on the same nodes, as a new job.')
    .argument('<job>', 'job id', jobId)
    .option('--failed', 'only where it did not succeed')
    .option('--stdin <file>', 'standard input again, where the job had one; - is our own')
    .option('--dry-run', 'show which nodes it would run on, and run nothing')
    .option('--detach', 'submit, print the job id and leave');
  withConnection(withJobOutput(command));
  return command.action(async (id: string, flags: RerunFlags) => {
    context.exit(await withSpan(context, 'muster rerun', (span) => rerun(context, id, flags, span)));
  });
}

async function rerun(context: CliContext, id: string, flags: RerunFlags, span: Span): Promise<number> {
  return withClient(flags, async (client) => {
    const { order } = await getJob(client, id);
    if (!order?.command) throw new MusterError('INTERNAL', `job ${id} came without its order`);
    const stdin = await sameStdin(order.stdinBytes, flags.stdin);
    const before = latestAttempts(await listExecutions(client, id));
    const wanted = flags.failed ? before.filter(({ state }) => state !== 'EXECUTION_STATE_SUCCEEDED') : before;
    if (wanted.length === 0) {
      throw new MusterError('NO_NODE_MATCHED', `job ${id} succeeded everywhere: nothing to run again`);
    }
    const planned = await planNodes(client, { selector: '', nodes: wanted.map(({ node }) => node) });
    const deliverWithinMs = order.deliveryDeadlineUnixMs > 0 ? order.deliveryDeadlineUnixMs - order.createdUnixMs : 0;
    const { command, limits, rollout, latestKey, lane } = order;
    const createdUnixMs = Date.now();
    const given = { command, limits, rollout, latestKey, ...(lane && { lane }), createdUnixMs, deliverWithinMs };
    const frozen = freezeOrder({ ...given, ...(stdin && { stdin }) }, planned);
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
      reporter: await jobReporter({ context, flags, raw: false, nodes: planned.map(({ name }) => name) }),
      retryForMs: flags.retryFor,
      exitOfCommand: flags.exitOfCommand === true,
    });
  });
}

/** The control plane gives nobody a job's standard input back, so it has to come again. */
async function sameStdin(bytes: number, file: string | undefined): Promise<Buffer | undefined> {
  if (file !== undefined) return readStdin(file);
  if (bytes > 0) throw new UsageError(`the job had ${bytes} bytes of standard input: give them again with --stdin`);
  return undefined;
}
