import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CliContext } from '../context.ts';
import type { JobOutputFlags, OutputFormat } from '../flags/job-output.ts';
import type { FollowEvent } from '../job/follow-job.ts';
import { executionDocument, jobDocument } from './documents.ts';
import { executionTable } from './execution-table.ts';
import { writeFolded } from './folded.ts';
import { humanReporter } from './human.ts';
import { jsonlReporter } from './jsonl.ts';
import { OutputFolder } from './output-folder.ts';
import type { JobOutcome, Reporter } from './reporter.ts';
import { createStyle, wantsColor } from './style.ts';
import { yamlText } from './yaml-text.ts';

export interface JobReporterOptions {
  readonly context: CliContext;
  readonly flags: JobOutputFlags;
  /** Exactly one node was named: its bytes pass as they are. */
  readonly raw: boolean;
  /** Names to make room for. */
  readonly nodes?: readonly string[];
  /** Output is of no interest. */
  readonly statesOnly?: boolean;
}

export type JobReporter = Reporter & {
  /** It has use for output; otherwise states are enough. */
  readonly wantsOutput: boolean;
  /** Puts away what was needed for it, however following ended. */
  close(): Promise<void>;
};

/** The reporter that the flags ask for. */
export async function jobReporter(options: JobReporterOptions): Promise<JobReporter> {
  const { flags, context } = options;
  const { output: format, outdir } = flags;
  const nothing = async (): Promise<void> => {};
  if (options.statesOnly) return { ...human(options, 'none'), wantsOutput: false, close: nothing };
  if (outdir !== undefined) return { ...toFolder(options, outdir), wantsOutput: true, close: nothing };
  if (format === 'jsonl') return { ...jsonlReporter(context.stdout), wantsOutput: true, close: nothing };
  if (format !== undefined) return { ...atTheEnd(options, format), wantsOutput: false, close: nothing };
  if (flags.fold) {
    const dir = await mkdtemp(join(tmpdir(), 'muster-fold-'));
    const close = (): Promise<void> => rm(dir, { recursive: true, force: true });
    return { ...folded(options, dir), wantsOutput: true, close };
  }
  return { ...human(options, options.raw || !flags.prefix ? 'raw' : 'live'), wantsOutput: true, close: nothing };
}

function human({ context, flags, nodes, raw }: JobReporterOptions, output: 'live' | 'raw' | 'none'): Reporter {
  const { stdout, stderr, env } = context;
  return humanReporter({
    stdout,
    stderr,
    styles: {
      stdout: createStyle(wantsColor(stdout.isTerminal, env, flags.color)),
      stderr: createStyle(wantsColor(stderr.isTerminal, env, flags.color)),
    },
    output,
    stderrTail: output === 'none' && !flags.fold,
    oneNode: raw,
    quiet: flags.quiet === true,
    ...(nodes && { nodes }),
  });
}

function folded(options: JobReporterOptions, dir: string): Reporter {
  const { stdout, stderr } = options.context;
  const folder = new OutputFolder({ dir });
  const status = human(options, 'none');
  return {
    async event(event: FollowEvent) {
      if ('stream' in event) await folder.take(event);
      await status.event(event);
    },
    async finish(outcome: JobOutcome) {
      await folder.settle();
      await status.beforeOutput?.();
      await writeFolded(folder, 'stdout', stdout);
      await writeFolded(folder, 'stderr', stderr);
      await status.finish(outcome);
    },
  };
}

function toFolder(options: JobReporterOptions, dir: string): Reporter {
  const { stderr } = options.context;
  const status = options.flags.output === undefined ? human(options, 'none') : atTheEnd(options, options.flags.output);
  const folder = new OutputFolder({
    dir,
    onNote: async (node, note) => {
      await status.beforeOutput?.();
      await stderr.write(`${node}: ${note}\n`);
    },
  });
  return {
    async event(event: FollowEvent) {
      if ('stream' in event) await folder.take(event);
      await status.event(event);
    },
    async finish(outcome: JobOutcome) {
      await folder.save(outcome.executions.map(({ node }) => node));
      await writeFile(join(dir, 'summary.json'), `${JSON.stringify(outcomeDocument(outcome), null, 2)}\n`);
      await status.finish(outcome);
    },
  };
}

function atTheEnd(options: JobReporterOptions, format: OutputFormat): Reporter {
  const { stdout } = options.context;
  const status = human(options, 'none');
  const people = format === 'table' || format === 'wide';
  return {
    event: (event) => status.event(event),
    async finish(outcome: JobOutcome) {
      await status.beforeOutput?.();
      await stdout.write(await outcomeText(outcome, format));
      if (people) await status.finish(outcome);
    },
  };
}

async function outcomeText(outcome: JobOutcome, format: OutputFormat): Promise<string> {
  switch (format) {
    case 'json':
      return `${JSON.stringify(outcomeDocument(outcome), null, 2)}\n`;
    case 'jsonl':
      return `${JSON.stringify({ type: 'summary', ...outcomeDocument(outcome) })}\n`;
    case 'yaml':
      return yamlText(outcomeDocument(outcome));
    case 'name':
      return outcome.job ? `${outcome.job.id}\n` : '';
    default:
      return executionTable(outcome.executions, format === 'wide');
  }
}

const outcomeDocument = ({ job, executions }: JobOutcome) => ({
  job: job ? jobDocument(job) : null,
  executions: executions.map(executionDocument),
});
