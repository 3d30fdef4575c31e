import type { Execution } from '../../proto/gen/muster/v1/Execution.ts';
import type { Job } from '../../proto/gen/muster/v1/Job.ts';
import type { Order, Order__Output } from '../../proto/gen/muster/v1/Order.ts';
import type { OutputChunk } from '../../proto/gen/muster/v1/OutputChunk.ts';
import { codec } from '../../shared/rpc/proto.ts';
import type { OutputPiece } from '../output/output-piece.ts';
import type { JobFacts } from './end-counts.ts';
import type { JobProgress } from './progress.ts';
import { isTerminal } from './states.ts';

const orders = codec<Order, Order__Output>('muster.v1.Order');
const states = {
  open: 'JOB_STATE_OPEN',
  cancelling: 'JOB_STATE_CANCELLING',
  stopping: 'JOB_STATE_STOPPING',
  closed: 'JOB_STATE_CLOSED',
} as const;

/** A job as clients see it. */
export function jobMessage(progress: JobFacts, coordinator: string): Job {
  return {
    id: progress.id,
    state: states[progress.state],
    closingReason: progress.state === 'open' ? '' : progress.reason,
    order: orders.decode(progress.signed.order),
    counts: progress.counts(),
    submittedUnixMs: progress.submittedUnixMs,
    closedUnixMs: progress.closedUnixMs,
    deadlineUnixMs: progress.order.jobDeadlineUnixMs,
    coordinator,
  };
}

/** One execution as clients see it. */
export function executionMessage(progress: JobProgress, index: number, nodeAway: (uid: string) => boolean): Execution {
  const target = progress.targets[index];
  const state = progress.stateAt(index);
  const over = isTerminal(state);
  return {
    id: progress.executionAt(index),
    nodeUid: target?.uid ?? '',
    node: target?.name ?? '',
    attempt: 1,
    state,
    result: progress.resultAt(index) ?? null,
    nodeAway: !over && nodeAway(target?.uid ?? ''),
    undetermined: !over && progress.state === 'closed',
    startedUnixMs: progress.startedAt(index),
  };
}

/** What a message of executions may weigh: well under the 4 MiB that clients take by default. */
export const executionsBytes = 2 * 1024 * 1024;

/** At least what the execution weighs on the wire, roughly: its result is bounded, and nothing is encoded for it. */
export function executionWeight({ id, node, nodeUid, result }: Execution): number {
  const names = 3 * ((id?.length ?? 0) + (node?.length ?? 0) + (nodeUid?.length ?? 0));
  if (!result) return 64 + names;
  const gaps = (result.stdout?.gaps?.length ?? 0) + (result.stderr?.gaps?.length ?? 0);
  const { processesLeft, signals } = result.receipt ?? {};
  const texts = 3 * ((result.reason?.length ?? 0) + (result.message?.length ?? 0));
  const lists = 224 * (gaps + (processesLeft?.length ?? 0)) + 32 * (signals?.length ?? 0);
  // With the node's signature.
  return 640 + names + texts + lists + (result.stderrTail?.length ?? 0);
}

/** A piece of output as clients see it. */
export function chunkFields(piece: OutputPiece): Pick<OutputChunk, 'offset' | 'data' | 'gap' | 'end' | 'unavailable'> {
  switch (piece.type) {
    case 'data':
      return { offset: piece.offset, data: piece.data };
    case 'gap':
      return { offset: piece.from, gap: { from: piece.from, until: piece.until, reason: piece.reason } };
    case 'end':
      return { offset: piece.offset, end: true };
    case 'present':
      return { offset: piece.offset };
    case 'unavailable':
      return { offset: piece.offset, unavailable: piece.reason };
  }
}
