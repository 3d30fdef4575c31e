import type { ExecutionId } from '../../shared/ids.ts';
import type { JournalEntry } from '../journal/record.ts';

/** An id outlives its order by this: clocks differ. */
const leewayMs = 600_000;

export interface SweepPlan {
  /** Their output goes; the ids stay. */
  readonly unspool: readonly ExecutionId[];
  /** Released, past expiry, without output: the ids go too. */
  readonly forget: readonly ExecutionId[];
}

/**
 * What may go: output older than the retention, and, while all output together is over its bound, the oldest that was released;
 * ids once they are released, expired with some leeway, and without output.
 */
export function planSweep(options: {
  readonly entries: readonly JournalEntry[];
  readonly nowUnixMs: number;
  readonly retentionMs: number;
  readonly totalBoundBytes: number;
}): SweepPlan {
  const { entries, nowUnixMs, retentionMs, totalBoundBytes } = options;
  const released = entries.filter((entry) => entry.released).sort((a, b) => a.finishedUnixMs - b.finishedUnixMs);
  let totalBytes = 0;
  for (const { spool } of entries) totalBytes += spool?.bytes ?? 0;
  const unspool: ExecutionId[] = [];
  const forget: ExecutionId[] = [];
  for (const { id, spool, finishedUnixMs, expiresUnixMs } of released) {
    const goes = spool !== undefined && (nowUnixMs >= finishedUnixMs + retentionMs || totalBytes > totalBoundBytes);
    if (goes) {
      totalBytes -= spool.bytes;
      unspool.push(id);
    }
    if ((goes || spool === undefined) && nowUnixMs >= expiresUnixMs + leewayMs) forget.push(id);
  }
  return { unspool, forget };
}
