import type { ExecutionId } from '../../shared/ids.ts';
import type { ExecutionPorts } from './ports.ts';
import type { Outcome } from './results.ts';

/** Takes a trust file that was judged. Nothing is started for it: it is done when it is on disk, and done again does no harm. */
export function trustOutcome(id: ExecutionId, text: string, ports: Pick<ExecutionPorts, 'rules' | 'log'>): Outcome {
  const { rules, log } = ports;
  try {
    rules.trust?.take(text);
  } catch (err) {
    log.error({ err, 'execution.id': id }, 'a trust file could not be kept');
    return { state: 'EXECUTION_STATE_REJECTED', reason: 'trust', message: 'the trust file could not be kept' };
  }
  const { version, keys } = rules.trust?.current ?? {};
  const fields = { 'execution.id': id, 'trust.version': version, 'trust.keys': [...(keys?.keys() ?? [])] };
  log.warn(fields, 'orders are trusted by other keys now');
  return { state: 'EXECUTION_STATE_SUCCEEDED', exitCode: 0 };
}
