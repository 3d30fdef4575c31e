import type { Job__Output } from '../../proto/gen/muster/v1/Job.ts';
import { commandText } from './command-text.ts';
import { age } from './short-duration.ts';
import { tableText } from './table.ts';

const longestCommand = 60;

/** Jobs a line each. `wide` adds the selector and the whole command. */
export function jobTable(jobs: readonly Job__Output[], wide: boolean, nowUnixMs: number): string {
  const header = [
    'JOB',
    'STATE',
    'NODES',
    'OK',
    'OTHER',
    'AGE',
    'COORDINATOR',
    ...(wide ? ['SELECTOR'] : []),
    'COMMAND',
  ];
  const rows = jobs.map((job) => {
    const { counts, order } = job;
    const [total, good] = [counts?.total ?? 0, counts?.succeeded ?? 0];
    const open = (counts?.pending ?? 0) + (counts?.dispatched ?? 0) + (counts?.running ?? 0);
    const command = commandText(order?.command);
    return [
      job.id,
      `${job.state.slice('JOB_STATE_'.length)}${job.closingReason && job.closingReason !== 'done' ? ` (${job.closingReason})` : ''}`,
      String(total),
      String(good),
      String(Math.max(0, total - good - open)),
      age(job.submittedUnixMs, nowUnixMs),
      job.coordinator || '-',
      ...(wide ? [order?.selector || '-'] : []),
      wide || command.length <= longestCommand ? command : `${command.slice(0, longestCommand - 1)}…`,
    ];
  });
  return tableText(header, rows);
}
