import { Command } from 'commander';
import { MusterError } from '../../shared/errors.ts';
import { defaultExpiryMs } from '../../shared/order.ts';
import type { Span } from '../../shared/telemetry.ts';
import type { CliContext } from '../context.ts';
import { exitStatus, statusOfError } from '../exit-status.ts';
import { type ConnectionFlags, withClient, withConnection } from '../flags/connection.ts';
import { type JobOutputFlags, withJobOutput } from '../flags/job-output.ts';
import { flagOfField, type OrderFlags, orderInput, targetOf, withOrder } from '../flags/order.ts';
import { type SigningFlags, signingKey, withSigning } from '../flags/signing.ts';
import { beliefIn } from '../job/believed.ts';
import { planNodes } from '../job/plan-nodes.ts';
import { presentJob } from '../job/present-job.ts';
import { readStdin } from '../job/read-stdin.ts';
import { submitOrInterrupt } from '../job/submit-or-interrupt.ts';
import { type FrozenOrder, freezeOrder } from '../job/submit-order.ts';
import { awayNodes, leftOutNotice, waitingNotice } from '../render/away-notice.ts';
import { jobReporter } from '../render/job-reporter.ts';
import { planText } from '../render/plan-text.ts';
import { withSpan } from '../tracing.ts';
import { UsageError } from '../usage-error.ts';

type RunFlags = OrderFlags & JobOutputFlags & ConnectionFlags & SigningFlags & { dryRun?: boolean; detach?: boolean };

/** `muster run`: plan, freeze, submit, follow. */
export function runCommand(context: CliContext): Command {
  const command = new Command('run')
    .description('Run a command on nodes, watch it, and exit with how it went.')
    .argument('[command...]', 'program and arguments, after --')
    .passThroughOptions()
    .option('--dry-run', 'show which nodes it would run on, and run nothing')
    .option('--detach', 'submit, print the job id and leave');
  withSigning(withConnection(withJobOutput(withOrder(command))));
  return command.action(async (argv: string[], flags: RunFlags) => {
    const ownStatus = flags.exitOfCommand === true || flags.node?.length === 1;
    try {
      context.exit(await withSpan(context, 'muster run', (span) => run(context, argv, flags, ownStatus, span)));
    } catch (error) {
      if (!ownStatus || statusOfError(error) === exitStatus.usage) throw error;
      throw Object.assign(error as Error, { exitStatus: exitStatus.ownFailure });
    }
  });
}

async function run(
  context: CliContext,
  argv: string[],
  flags: RunFlags,
  ownStatus: boolean,
  span: Span,
): Promise<number> {
  const target = targetOf(flags);
  const key = signingKey(flags);
  const stdin = flags.stdin === undefined ? undefined : await readStdin(flags.stdin);
  const input = orderInput(flags, argv, { nowUnixMs: Date.now(), stdin });
  return withClient(flags, async (client) => {
    const matched = await planNodes(client, target);
    const leftOut = flags.queue ? [] : awayNodes(matched);
    const planned = flags.queue ? matched : matched.filter(({ connected }) => connected);
    if (planned.length === 0) {
      throw new MusterError(
        'NODE_AWAY',
        `none of the ${matched.length} nodes has a session, and --no-queue waits for none`,
      );
    }
    if (leftOut.length > 0) await context.stderr.write(leftOutNotice(leftOut, matched.length));
    const order = frozen(input, planned, key);
    span.setAttribute('job.id', order.id);
    if (flags.dryRun) {
      await context.stdout.write(await planText({ order, planned, format: flags.output ?? 'table' }));
      return exitStatus.succeeded;
    }
    const submitted = await submitOrInterrupt(context, client, order, { retryForMs: flags.retryFor, span });
    if (submitted !== 'stored') return submitted;
    const { createdUnixMs, deliverWithinMs } = input;
    const waiting = waitingNotice(planned, createdUnixMs + (deliverWithinMs || defaultExpiryMs), createdUnixMs);
    if (flags.quiet !== true) await context.stderr.write(waiting);
    if (flags.detach) {
      await context.stdout.write(`${order.id}\n`);
      return exitStatus.succeeded;
    }
    const reporter = await jobReporter({
      context,
      flags,
      raw: flags.node?.length === 1,
      nodes: planned.map(({ name }) => name),
    });
    const status = await presentJob({
      context,
      client,
      jobId: order.id,
      belief: beliefIn(order.bytes, { signed: key !== undefined }),
      reporter,
      retryForMs: flags.retryFor,
      exitOfCommand: ownStatus,
    });
    return leftOut.length > 0 ? statusWithLeftOut(status, ownStatus) : status;
  });
}

/** Nodes that were asked for and left out did not succeed. */
function statusWithLeftOut(status: number, ownStatus: boolean): number {
  if (ownStatus) return exitStatus.ownFailure;
  return status === exitStatus.succeeded || status === exitStatus.timedOut ? exitStatus.someDidNot : status;
}

/** What the order itself finds wrong is what a flag said. */
function frozen(...given: Parameters<typeof freezeOrder>): FrozenOrder {
  try {
    return freezeOrder(...given);
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    const flag = Object.entries(flagOfField).find(([field]) => error.field?.startsWith(field))?.[1];
    throw new UsageError(flag === undefined ? error.message : `${flag}: ${error.message}`, { cause: error });
  }
}
