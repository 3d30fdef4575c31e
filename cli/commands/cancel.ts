import { Command, Option } from 'commander';
import type { CliContext } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import { type ConnectionFlags, withClient, withConnection } from '../flags/connection.ts';
import { beliefFlags, type SigningFlags, withSigning } from '../flags/signing.ts';
import { duration, jobId, signal } from '../flags/values.ts';
import { beliefOf } from '../job/believed.ts';
import { cancelJob } from '../job/cancel-job.ts';
import { presentJob } from '../job/present-job.ts';
import { jobReporter } from '../render/job-reporter.ts';

type CancelFlags = ConnectionFlags & SigningFlags & { signal?: number; grace?: number; wait: boolean; color: boolean };

/** `muster cancel`: ends a job and shows the receipts. */
export function cancelCommand(context: CliContext): Command {
  const command = new Command('cancel')
    .description(
      'End a job: nothing more is offered, what runs gets the signal, the grace, the KILL. Shows the receipts.',
    )
    .argument('<job>', 'job id', jobId)
    .addOption(new Option('--signal <signal>', 'first signal (default: TERM)').argParser(signal))
    .addOption(new Option('--grace <duration>', "until KILL (default: the order's)").argParser(duration))
    .option('--no-wait', 'do not wait for the receipts')
    .option('--no-color', 'no colours (also: NO_COLOR in the environment)');
  withSigning(withConnection(command));
  return command.action((id: string, flags: CancelFlags) =>
    withClient(flags, async (client) => {
      const job = await cancelJob(client, id, {
        retryForMs: flags.retryFor,
        ...(flags.signal !== undefined && { signalNumber: flags.signal }),
        ...(flags.grace !== undefined && { graceMs: flags.grace }),
      });
      if (job?.state === 'JOB_STATE_CLOSED' && job.closingReason !== 'cancelled') {
        await context.stderr.write(`muster: job ${id} was over already (${job.closingReason}); nothing changed\n`);
        return context.exit(exitStatus.succeeded);
      }
      if (!flags.wait) return context.exit(exitStatus.succeeded);
      const belief = await beliefOf(client, id, beliefFlags(flags));
      const shown = { ...flags, fold: false, prefix: true };
      const reporter = await jobReporter({ context, flags: shown, raw: false, statesOnly: true });
      const status = await presentJob({
        context,
        client,
        jobId: id,
        belief,
        reporter,
        retryForMs: flags.retryFor,
        exitOfCommand: false,
      });
      // That its executions did not succeed is what was asked for; that one was never heard of is not.
      const left = status === exitStatus.undetermined || status >= exitStatus.interrupted;
      context.exit(left ? status : exitStatus.succeeded);
    }),
  );
}
