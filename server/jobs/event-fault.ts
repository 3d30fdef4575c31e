import type { ExecutionEvent__Output } from '../../proto/gen/muster/v1/ExecutionEvent.ts';
import { MusterError } from '../../shared/errors.ts';
import { isTerminal } from './states.ts';

/** What is wrong with an event, whatever execution it is of: FRAME_INVALID naming the field; undefined = nothing. */
export function eventFault(event: ExecutionEvent__Output): MusterError | undefined {
  if (event.accepted || event.started) return undefined;
  if (!event.finished) return bad('event', 'none is set, or of a kind this replica does not know');
  const { state } = event.finished;
  if (!isTerminal(state)) return bad('event.finished.state', 'is not terminal');
  if (state === 'EXECUTION_STATE_SKIPPED') return bad('event.finished.state', 'only the control plane skips');
  return undefined;
}

const bad = (field: string, message: string): MusterError =>
  new MusterError('FRAME_INVALID', `${field}: ${message}`, { field });
