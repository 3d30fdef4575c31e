import type { ValidOrder } from '../../shared/order.ts';
import type { EndingCause, Starting } from '../journal/record.ts';
import { isAlive } from '../sandbox/process-table.ts';
import { countTaken, readExit, readStarted } from '../supervisor/exit-file.ts';
import type { ExecutionPorts } from './ports.ts';
import { type RecoveryStep, recoveryStep } from './recovery.ts';

/**
 * Looks at what there is of an execution that has not ended, and says what to do next. The supervisor first, the folder after it:
 * what a dead one has not written it never will.
 */
export function nextStep(options: {
  readonly folder: string;
  /** Undefined = the journal does not explain its folder. */
  readonly order: ValidOrder | undefined;
  readonly starting: Starting | undefined;
  /** Supervisors that this process has lost. */
  readonly lost: number;
  readonly ending: EndingCause | undefined;
  readonly ports: Pick<ExecutionPorts, 'clock' | 'bootId'>;
}): RecoveryStep {
  const { folder, order, starting, ending, ports } = options;
  const supervisorAlive = starting !== undefined && isAlive(starting.supervisor);
  const now = ports.clock.now();
  return recoveryStep({
    explained: order !== undefined,
    starting: starting && { sameBoot: starting.bootId === ports.bootId },
    lost: supervisorAlive ? 0 : Math.max(countTaken(folder), options.lost),
    supervisorAlive,
    started: readStarted(folder) !== undefined,
    exited: readExit(folder) !== undefined,
    ending,
    late: order !== undefined && (now >= order.expiresUnixMs || now >= order.deliveryDeadlineUnixMs),
  });
}
