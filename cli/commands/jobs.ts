import { Command, Option } from 'commander';
import type { Job__Output } from '../../proto/gen/muster/v1/Job.ts';
import type { RpcClient } from '../../shared/rpc/client.ts';
import { jobMethods } from '../../shared/rpc/methods.ts';
import type { CliContext } from '../context.ts';
import { type ConnectionFlags, withClient, withConnection } from '../flags/connection.ts';
import { type OutputFormat, outputOption } from '../flags/job-output.ts';
import { beliefFlags, type SigningFlags, withSigning } from '../flags/signing.ts';
import { integer, jobId } from '../flags/values.ts';
import { beliefOf } from '../job/believed.ts';
import { latestAttempts } from '../job/execution-states.ts';
import { getJob, listExecutions } from '../job/get-job.ts';
import { executionDocument, jobDocument } from '../render/documents.ts';
import { jobDetails } from '../render/job-details.ts';
import { jobTable } from '../render/job-table.ts';
import { listText } from '../render/list-text.ts';
import { createStyle, wantsColor } from '../render/style.ts';
import { yamlText } from '../render/yaml-text.ts';

type JobsFlags = ConnectionFlags &
  SigningFlags & { output?: OutputFormat; open?: boolean; limit: number; color: boolean };

/** `muster jobs` and `muster jobs show`. */
export function jobsCommand(context: CliContext): Command {
  const jobs = new Command('jobs').description('Look at jobs.').enablePositionalOptions();
  const list = new Command('list')
    .description('List jobs, newest first.')
    .option('--open', 'only those that are not over')
    .addOption(new Option('--limit <n>', 'at most so many').default(50).argParser(integer(1, 100_000)))
    .addOption(outputOption('table (the default), more columns, documents, records, or ids'));
  withConnection(list).action((flags: JobsFlags) =>
    withClient(flags, async (client) => {
      const found = await listJobs(client, flags);
      const text = await listText(flags.output ?? 'table', {
        documents: found.map(jobDocument),
        names: found.map(({ id }) => id),
        table: (wide) => jobTable(found, wide, Date.now()),
      });
      await context.stdout.write(text);
    }),
  );
  const show = new Command('show')
    .description('Show everything that is known of a job: order, executions, gaps, receipts.')
    .argument('<job>', 'job id', jobId)
    .option('--no-color', 'no colours (also: NO_COLOR in the environment)')
    .addOption(outputOption('text (the default), one document, records, or the id'));
  withSigning(withConnection(show)).action((id: string, flags: JobsFlags) =>
    withClient(flags, async (client) => {
      const { job } = await getJob(client, id);
      const belief = await beliefOf(client, id, beliefFlags(flags));
      const executions = await listExecutions(client, id, belief);
      const document = () => ({ job: jobDocument(job), executions: executions.map(executionDocument) });
      const style = createStyle(wantsColor(context.stdout.isTerminal, context.env, flags.color));
      switch (flags.output) {
        case 'json':
          return context.stdout.write(`${JSON.stringify(document(), null, 2)}\n`);
        case 'jsonl':
          return context.stdout.write(`${JSON.stringify({ type: 'summary', ...document() })}\n`);
        case 'yaml':
          return context.stdout.write(await yamlText(document()));
        case 'name':
          return context.stdout.write(`${job.id}\n`);
        default:
          return context.stdout.write(jobDetails(job, latestAttempts(executions), style));
      }
    }),
  );
  return jobs.addCommand(list, { isDefault: true }).addCommand(show);
}

async function listJobs(client: RpcClient, { open, limit }: JobsFlags): Promise<Job__Output[]> {
  const found: Job__Output[] = [];
  let pageToken = '';
  do {
    const pageSize = Math.min(200, limit - found.length);
    const page = await client.call(jobMethods.ListJobs, { pageSize, pageToken, openOnly: open === true });
    found.push(...page.jobs);
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && found.length < limit);
  return found.slice(0, limit);
}
