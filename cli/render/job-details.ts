import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import type { Job__Output } from '../../proto/gen/muster/v1/Job.ts';
import { approximateBytes } from '../../shared/bytes.ts';
import { commandText } from './command-text.ts';
import { isoTime } from './documents.ts';
import { executionTable } from './execution-table.ts';
import { shortDuration } from './short-duration.ts';
import type { Style } from './style.ts';
import { failureLines } from './summary.ts';
import { visibleText } from './visible.ts';

/** Everything about a job, for people: the order, each node, what did not succeed and why, gaps. */
export function jobDetails(job: Job__Output, executions: readonly Execution__Output[], style: Style): string {
  const lines = [...facts(job), '', executionTable(executions, false).trimEnd()];
  const failures = failureLines(executions, style, true);
  if (failures.length > 0) lines.push('', style.bold('Not succeeded'), ...failures);
  const gaps = executions.flatMap(gapLines);
  if (gaps.length > 0) lines.push('', style.bold('Missing output'), ...gaps);
  return `${lines.join('\n')}\n`;
}

function facts(job: Job__Output): string[] {
  const { order } = job;
  const limits = order?.limits;
  const rows: [string, string | null | undefined][] = [
    ['Job', job.id],
    ['State', `${job.state.slice('JOB_STATE_'.length)}${job.closingReason ? ` (${job.closingReason})` : ''}`],
    ['Command', commandText(order?.command)],
    ['Run as', order?.command?.runAs],
    ['Directory', order?.command?.workingDirectory],
    ['Environment', Object.keys(order?.command?.env ?? {}).join(', ')],
    ['Standard input', order?.stdinBytes ? approximateBytes(order.stdinBytes) : ''],
    ['Selector', order?.selector],
    ['Nodes', String(order?.planCount ?? 0)],
    ['Timeout', limits?.timeoutMs ? shortDuration(limits.timeoutMs) : ''],
    ['Output bound', limits?.outputBoundBytes ? approximateBytes(limits.outputBoundBytes) : ''],
    ['Latest key', order?.latestKey],
    ['Lane', order?.lane ? `${order.lane.name} (${order.lane.concurrency || 1} at once)` : ''],
    ['Submitted', isoTime(job.submittedUnixMs)],
    ['Closed', isoTime(job.closedUnixMs)],
    ['Closes by', job.closedUnixMs > 0 ? '' : isoTime(job.deadlineUnixMs)],
    ['Coordinator', job.coordinator],
  ];
  return rows.flatMap(([name, value]) => (value ? [`${`${name}:`.padEnd(16)}${visibleText(value)}`] : []));
}

function gapLines({ node, result }: Execution__Output): string[] {
  return (['stdout', 'stderr'] as const).flatMap((stream) =>
    (result?.[stream]?.gaps ?? []).map(({ from, until, reason }) => {
      const amount = until > from ? `bytes ${from} to ${until}` : `an unknown number of bytes at ${from}`;
      return `${node} ${stream}: ${amount} (${visibleText(reason)})`;
    }),
  );
}
