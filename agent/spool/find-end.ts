import { MusterError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import { type DrainPlace, drainAlive, markKilled, signalDrain, startDrain, writeNonce } from './drain.ts';
import type { Scan } from './scan.ts';
import type { SegmentList } from './segment-list.ts';

const pauseMs = 100;
/** How long a supervisor that is there gets to write the nonce itself. */
const supervisorPauses = 10;
/** With nothing more to read and no nonce coming through, the stream is cut: 15 s, or 2 where a full disk swallows it. */
const mostPauses = 150;
const mostPausesFull = 20;
const mostStarts = 3;
/** However much a process that was let live goes on writing. */
const mostMs = 120_000;

export interface FindEndOptions {
  readonly place: DrainPlace;
  readonly scan: Scan;
  readonly list: SegmentList;
  readonly nonce: Buffer;
  readonly segmentBytes: number;
  readonly supervisorAlive: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Resolves when the scan has the stream's end. Call it only after `exit`: then whoever writes the nonce writes it behind the
 * command's last byte, and twice does no harm, the first one counts. Where none comes through the stream ends with what is there,
 * and with a gap unless the drain saw end-of-file. Rejects when the scan is closed.
 */
export async function findEnd(options: FindEndOptions): Promise<void> {
  const { place, scan, list, nonce, clock, log } = options;
  const deadlineMs = clock.monotonic() + mostMs;
  let starts = 0;
  // A throttled drain would hold the end back.
  signalDrain(place, 'SIGCONT');
  for (let pauses = 0; scan.end === undefined; ) {
    // Read before anything is looked at: what changes from here on ends the wait below.
    const { version } = scan.moved;
    if (scan.closed) throw new MusterError('INTERNAL', 'the spool was closed before its end was found');
    if (!scan.idle && clock.monotonic() < deadlineMs) {
      await movedOr(options, version, pauseMs);
      continue;
    }
    const supervised = options.supervisorAlive();
    const { drained, end, gaps } = list.layout();
    if (drained && !supervised && scan.seen >= end) return scan.cut();
    const last = gaps.at(-1);
    const swallowed = last?.reason === 'disk-full' && last.until === end;
    if (pauses >= (swallowed ? mostPausesFull : mostPauses) || clock.monotonic() >= deadlineMs) break;
    if (!drained && starts < mostStarts && pauses % 5 === 0 && !drainAlive(place)) {
      // A drain says that it saw end-of-file before it goes: one that went meanwhile is not to be started again.
      if (list.layout().drained) continue;
      starts++;
      await startDrain(place, { segmentBytes: options.segmentBytes }).catch((err: unknown) =>
        log.warn({ err, 'spool.folder': place.dir }, 'a drain could not be started again'),
      );
    }
    if (!supervised || pauses >= supervisorPauses) await writeNonce(place, nonce);
    pauses++;
    await movedOr(options, version, pauseMs);
  }
  if (scan.end !== undefined) return;
  log.warn({ 'spool.folder': place.dir, 'spool.stream': place.stream }, 'no end mark came through the drain');
  const { end, gaps } = list.layout();
  if (gaps.at(-1)?.until !== end || end === 0) await markKilled(place, end).catch(() => undefined);
  await scan.cut();
}

/** Waits until the scan has moved past `version`, at most `ms`. */
async function movedOr({ scan, clock }: FindEndOptions, version: number, ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = clock.after(ms, resolve);
    scan.moved.past(version).then(() => {
      timer.cancel();
      resolve();
    }, resolve);
  });
}
