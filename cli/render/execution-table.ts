import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import { approximateBytes } from '../../shared/bytes.ts';
import { compareNatural } from '../../shared/natural-order.ts';
import { stateName } from '../job/execution-states.ts';
import { ending } from './ending.ts';
import { shortDuration } from './short-duration.ts';
import { signalName } from './signal-name.ts';
import { tableText } from './table.ts';

/** Executions a line each: state, exit, duration; `wide` adds what else is known. */
export function executionTable(executions: readonly Execution__Output[], wide: boolean): string {
  const header = [
    'NODE',
    'STATE',
    'EXIT',
    'DURATION',
    ...(wide ? ['STDOUT', 'STDERR', 'ATTEMPT', 'UID', 'HOW IT ENDED'] : []),
  ];
  const rows = [...executions]
    .sort((one, other) => compareNatural(one.node, other.node))
    .map((execution) => {
      const { result } = execution;
      const state = execution.undetermined ? 'UNDETERMINED' : stateName(execution.state);
      const more = [
        result?.stdout ? approximateBytes(result.stdout.bytes) : '-',
        result?.stderr ? approximateBytes(result.stderr.bytes) : '-',
        String(execution.attempt),
        execution.nodeUid,
        ending(execution),
      ];
      return [
        execution.node,
        `${state}${execution.nodeAway && result === null ? ' (away)' : ''}`,
        exitText(execution),
        result && result.startedUnixMs > 0 ? shortDuration(result.durationMs) : '-',
        ...(wide ? more : []),
      ];
    });
  return tableText(header, rows);
}

function exitText({ result }: Execution__Output): string {
  if (result?.signal !== undefined) return signalName(result.signal);
  return result?.exitCode !== undefined ? String(result.exitCode) : '-';
}
