import type { ExecutionEvent, ExecutionEvent__Output } from '../../proto/gen/muster/v1/ExecutionEvent.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import { codec } from '../../shared/rpc/proto.ts';

const events = codec<ExecutionEvent, ExecutionEvent__Output>('muster.v1.ExecutionEvent');

/** The answer of an agent that is too old to know what it would have to refuse. */
export function refusal(execution: ExecutionId, lacking: string): ExecutionEvent__Output {
  const message = `the agent of this node is too old: it lacks \`${lacking}\`, which the order needs`;
  const finished = { state: 'EXECUTION_STATE_REJECTED', reason: lacking, message, finishedUnixMs: Date.now() } as const;
  return events.decode(events.encode({ execution, finished }));
}
