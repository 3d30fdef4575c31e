import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import type { Job__Output } from '../../proto/gen/muster/v1/Job.ts';
import { ending } from './ending.ts';
import { nodeSet } from './node-set.ts';
import type { JobOutcome } from './reporter.ts';
import { shortDuration } from './short-duration.ts';
import type { Style } from './style.ts';
import { Tally } from './tally.ts';
import { visible } from './visible.ts';

/** What did not succeed, equal endings folded, the rarest first; a line each, and the tail of stderr where asked for. */
export function failureLines(executions: readonly Execution__Output[], style: Style, withTail: boolean): string[] {
  const groups = new Map<string, { nodes: string[]; lines: string[] }>();
  for (const execution of executions) {
    if (execution.state === 'EXECUTION_STATE_SUCCEEDED') continue;
    const tail = withTail ? tailLines(execution) : [];
    const lines = [ending(execution), ...tail];
    // Endings that differ by milliseconds only are equal to people; the first one's are shown.
    const key = [lines[0]?.replace(/\b[0-9.]+(ms|s|m|h|d)\b/g, ''), ...tail].join('\n');
    const group = groups.get(key) ?? { nodes: [], lines };
    group.nodes.push(execution.node);
    groups.set(key, group);
  }
  return [...groups.values()]
    .sort((one, other) => one.nodes.length - other.nodes.length)
    .flatMap(({ nodes, lines: [first = '', ...tail] }) => [
      `${style.bold(nodeSet(nodes))} (${nodes.length}): ${style.red(first)}`,
      ...tail.map((line) => `  ${line}`),
    ]);
}

const shownTailLines = 5;

function tailLines({ result }: Execution__Output): string[] {
  const text = result ? visible(result.stderrTail).replace(/\n$/, '') : '';
  return text === '' ? [] : text.split('\n').slice(-shownTailLines);
}

/** `4 succeeded, 1 failed of 5 in 2s · job 3f…`. */
export function summaryLine({ job, executions }: JobOutcome, style: Style): string {
  const tally = new Tally();
  for (const execution of executions) tally.add(execution);
  tally.expect(job?.counts?.total ?? 0);
  const counts = tally.text() || 'nothing';
  const allGood = executions.length > 0 && executions.every(({ state }) => state === 'EXECUTION_STATE_SUCCEEDED');
  const took = job && job.closedUnixMs > 0 ? ` in ${shortDuration(job.closedUnixMs - job.submittedUnixMs)}` : '';
  const why = closingText(job);
  const said = `${counts} of ${tally.total}`;
  return `${allGood ? style.green(said) : style.red(said)}${took}${why}${job ? style.dim(` · job ${job.id}`) : ''}`;
}

function closingText(job: Job__Output | undefined): string {
  if (job?.closingReason === 'cancelled') return ', cancelled';
  if (job?.closingReason === 'max-errors') return ', stopped: too many errors';
  if (job?.closingReason === 'superseded') return ', superseded by a newer job';
  return job?.closingReason === 'deadline' ? ', closed at its deadline' : '';
}
