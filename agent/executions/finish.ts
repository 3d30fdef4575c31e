import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { ValidOrder } from '../../shared/order.ts';
import type { Ending, Starting } from '../journal/record.ts';
import type { Settled, Spool } from '../spool/spool.ts';
import { commandEnd, type Exit, readStarted, startedUnixMs } from '../supervisor/exit-file.ts';
import type { ExecutionPorts } from './ports.ts';
import type { Place } from './preparation.ts';
import { type Outcome, outcomeOf, outputPart, receiptOf, results, sealed } from './results.ts';
import { containmentOf, spawnFailed } from './run-parts.ts';
import { killRest, type TreeEnd } from './tree-end.ts';

/** All that is known of an execution that is over. */
export interface FinishedRun {
  readonly id: ExecutionId;
  readonly digest: string;
  readonly order: ValidOrder | undefined;
  readonly acceptedUnixMs: number;
  readonly folder: string;
  /** Undefined where there is none: then `outcome` says how it ended. */
  readonly exit: Exit | undefined;
  readonly outcome: Outcome | undefined;
  /** It has run, or may have. */
  readonly begun: boolean;
  readonly starting: Starting | undefined;
  readonly place: Place | undefined;
  readonly ending: Ending | undefined;
  readonly tree: TreeEnd | undefined;
  readonly startedUnixMs: number | undefined;
  /** From the gate line to now, where this process sent it. */
  readonly watchedMs: number | undefined;
  readonly spool: Spool | undefined;
}

/** How long an unexplained id is kept: no order can be valid for longer. */
const longestExpiryMs = 30 * 86_400_000;
const againMs = 1000;

/**
 * Ends what is left, settles both streams and journals the result, however often the disk refuses it. Undefined once closed:
 * whoever opens the journal next does it again.
 */
export async function finishExecution(
  run: FinishedRun,
  { ports, log, closed }: { ports: ExecutionPorts; log: Log; closed: () => boolean },
): Promise<ExecutionResult | undefined> {
  const { clock, journal } = ports;
  const exitedMs = clock.monotonic();
  const containment = containmentOf(run.id, run.starting ?? run.place, ports.bootId);
  const left = run.begun ? await killRest(containment, clock) : [];
  if (left.length > 0) log.warn({ processes: left.map(({ pid }) => pid) }, 'processes are left');
  const settled = run.begun ? await run.spool?.settle() : undefined;
  if (closed()) return undefined;
  const outcome = run.outcome ?? exitOutcome(run, ports);
  const finishedUnixMs = clock.now();
  const durationMs = run.begun ? durationOf(run) : 0;
  const unsigned: ExecutionResult = {
    ...outcome,
    message: outcome.message?.slice(0, 1024) ?? '',
    acceptedUnixMs: run.acceptedUnixMs,
    startedUnixMs: run.startedUnixMs ?? (run.begun ? startedUnixMs(run.folder) : 0),
    finishedUnixMs,
    durationMs,
    overrunMs: overrunOf(run, durationMs),
    ...outputPart(settled, outcome.state === 'EXECUTION_STATE_SUCCEEDED'),
    ...(run.begun && {
      containment: containment.kind === 'cgroup' ? 'CONTAINMENT_CGROUP' : 'CONTAINMENT_MARKER',
      cpuMs: containment.cpuMs(),
    }),
    ...(run.ending && {
      receipt: receiptOf({
        cause: run.ending.cause,
        signals: run.tree?.signals ?? [],
        timeToExitMs: run.tree ? exitedMs - run.tree.beganMs : 0,
        left,
        containment: containment.kind,
      }),
    }),
  };
  const result = sealed(run.id, run.digest, unsigned, ports);
  const kept = settled && run.place ? { spool: run.place.spool, nonce: run.place.nonce } : undefined;
  const record = {
    type: 'finished',
    id: run.id,
    digest: run.digest,
    expiresUnixMs: run.order?.expiresUnixMs ?? finishedUnixMs + longestExpiryMs,
    finishedUnixMs,
    spool: kept?.spool,
    nonce: kept?.nonce,
    spoolBytes: settled ? keptBytes(settled) : 0,
  } as const;
  const bytes = results.encode(result);
  while (!closed()) {
    try {
      await journal.append(record, bytes);
      if (left.length === 0) containment.remove();
      return result;
    } catch (err) {
      log.error({ err }, 'a result could not be journaled; trying again');
      await new Promise<void>((resolve) => clock.after(againMs, resolve));
    }
  }
  return undefined;
}

function exitOutcome(run: FinishedRun, ports: ExecutionPorts): Outcome {
  const exit = run.exit ?? { status: 0, noted: false };
  return outcomeOf({
    end: commandEnd(exit, ports.traits),
    spawnError: spawnFailed(run.folder),
    program: run.order?.command.shell ? '/bin/sh' : (run.order?.command.argv[0] ?? ''),
    ending: run.ending?.cause,
  });
}

/** What this process saw, else what the supervisor wrote down, to 10 ms. */
function durationOf({ watchedMs, exit, folder }: FinishedRun): number {
  if (watchedMs !== undefined) return Math.round(watchedMs);
  const started = readStarted(folder);
  if (exit === undefined || started === undefined || started === 'unreadable') return 0;
  return Math.max(0, exit.uptimeMs - started.uptimeMs);
}

/** How late a timeout came; of a command that ended by itself, with nobody there to end it, how far past its timeout it ran. */
function overrunOf({ ending, order, watchedMs }: FinishedRun, durationMs: number): number {
  if (ending) return ending.overrunMs;
  const timeoutMs = order?.limits.timeoutMs ?? 0;
  return watchedMs === undefined && timeoutMs > 0 ? Math.max(0, durationMs - timeoutMs) : 0;
}

/** What the spool takes on disk, at most. */
function keptBytes({ stdout, stderr }: Settled): number {
  const kept = [stdout, stderr].map(({ bytes, gaps }) =>
    gaps.reduce((sum, gap) => sum - (gap.until - gap.from), bytes),
  );
  return kept.reduce((sum, bytes) => sum + Math.max(0, bytes), 0);
}
