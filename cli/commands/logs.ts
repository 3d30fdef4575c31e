import { Command, Option } from 'commander';
import type { CliContext } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import { type ConnectionFlags, withClient, withConnection } from '../flags/connection.ts';
import { beliefFlags, type SigningFlags, signingKey, withSigning } from '../flags/signing.ts';
import { integer, jobId } from '../flags/values.ts';
import { anything, beliefOf } from '../job/believed.ts';
import { latestAttempts } from '../job/execution-states.ts';
import { listExecutions } from '../job/get-job.ts';
import { HeardOutput } from '../job/heard-output.ts';
import { readOutput } from '../job/read-output.ts';
import type { StreamName } from '../job/seen.ts';
import { Live } from '../render/live.ts';
import { createStyle, wantsColor } from '../render/style.ts';
import { UsageError } from '../usage-error.ts';

type LogsFlags = ConnectionFlags &
  SigningFlags & {
    node?: string;
    stream?: StreamName;
    follow?: boolean;
    from?: number;
    prefix: boolean;
    color: boolean;
  };

/** `muster logs`: output of a job, from the nodes that made it, by byte range. */
export function logsCommand(context: CliContext): Command {
  const command = new Command('logs')
    .description('Show output of a job, now or later, from the nodes that made it.')
    .argument('<job>', 'job id', jobId)
    .option('--node <name>', 'this node only, its bytes as they are')
    .addOption(new Option('--stream <stream>', 'this stream only').choices(['stdout', 'stderr']))
    .option('-f, --follow', 'go on while the command runs')
    .addOption(
      new Option('--from <offset>', 'first byte wanted, from 0; with --node and --stream').argParser(
        integer(0, Number.MAX_SAFE_INTEGER),
      ),
    )
    .option('--no-prefix', 'pass output of several nodes on without their names')
    .option('--no-color', 'no colours (also: NO_COLOR in the environment)');
  withSigning(withConnection(command));
  return command.action(async (job: string, flags: LogsFlags) => {
    if (flags.from !== undefined && (flags.node === undefined || flags.stream === undefined)) {
      throw new UsageError('--from needs --node and --stream: offsets are those of one stream of one node');
    }
    await withClient(flags, async (client) => {
      const belief = signingKey(flags) ? await beliefOf(client, job, beliefFlags(flags)) : undefined;
      const known = flags.node === undefined ? latestAttempts(await listExecutions(client, job, anything)) : [];
      const heard = new HeardOutput();
      const nodes = flags.node === undefined ? known.map(({ node }) => node) : [flags.node];
      const streams: StreamName[] = flags.stream === undefined ? ['stdout', 'stderr'] : [flags.stream];
      const styleOf = (stream: StreamName) =>
        createStyle(wantsColor(context[stream].isTerminal, context.env, flags.color));
      const live = new Live({
        stdout: context.stdout,
        stderr: context.stderr,
        styles: { stdout: styleOf('stdout'), stderr: styleOf('stderr') },
        prefix: flags.node === undefined && flags.prefix,
        nodes,
      });
      const failures: Error[] = [];
      const show = async (node: string, stream: StreamName): Promise<void> => {
        const base = { client, jobId: job, node, stream, from: flags.from ?? 0, follow: flags.follow === true };
        try {
          for await (const piece of readOutput({ ...base, retryForMs: flags.retryFor })) {
            heard.take(piece);
            await live.event(piece);
          }
        } catch (error) {
          // One node that is away does not hide the others.
          if (flags.node !== undefined) throw error;
          failures.push(error as Error);
          await context.stderr.write(`muster: ${node} ${stream}: ${(error as Error).message}\n`);
        }
      };
      const reads = nodes.flatMap((node) => streams.map((stream) => [node, stream] as const));
      if (flags.follow) await Promise.all(reads.map(([node, stream]) => show(node, stream)));
      else for (const [node, stream] of reads) await show(node, stream);
      await live.flush();
      // What its node signed is known once it is over, which may have been while it was followed.
      for (const execution of belief ? latestAttempts(await listExecutions(client, job, belief)) : []) {
        if (!nodes.includes(execution.node) && !nodes.includes(execution.nodeUid)) continue;
        const { undetermined, result } = heard.judged(execution);
        if (undetermined && result) throw new Error(`${execution.node} is not believed: ${result.message}`);
      }
      if (failures[0] !== undefined)
        throw failures.length === reads.length ? failures[0] : new Error('some output is missing');
      context.exit(exitStatus.succeeded);
    });
  });
}
