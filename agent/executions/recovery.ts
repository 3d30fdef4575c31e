import type { EndingCause } from '../journal/record.ts';

/** What is to be seen of an execution that has not ended, taken in this order: the supervisor first, then its folder. */
export interface RecoveryView {
  /** The journal has its RECEIVED. */
  readonly explained: boolean;
  readonly starting: { readonly sameBoot: boolean } | undefined;
  /** Supervisors that were lost before they made `started`, not counting those whose agent died before it sent the line. */
  readonly lost: number;
  readonly supervisorAlive: boolean;
  /** `started` exists. */
  readonly started: boolean;
  /** A complete `exit` exists. */
  readonly exited: boolean;
  readonly ending: EndingCause | undefined;
  /** Past the order's expiry or delivery deadline. */
  readonly late: boolean;
}

/** What to do next. */
export type RecoveryStep =
  /** End what is left, settle the streams; the exit is the result. */
  | { readonly step: 'settle' }
  | { readonly step: 'interrupt'; readonly reason: 'journal' | 'reboot' | 'supervisor' }
  | { readonly step: 'watch' }
  | { readonly step: 'start' }
  /** It never ran. */
  | { readonly step: 'end'; readonly end: 'cancelled' | 'timed-out' | 'expired' | 'lost' };

/** After this many lost supervisors an execution is given up. */
const maxLost = 3;

/** The rules of docs/recovery.md, in their order. */
export function recoveryStep(view: RecoveryView): RecoveryStep {
  if (view.exited) return { step: 'settle' };
  if (!view.explained) return { step: 'interrupt', reason: 'journal' };
  if (view.starting !== undefined && !view.starting.sameBoot) return { step: 'interrupt', reason: 'reboot' };
  if (view.starting !== undefined && view.supervisorAlive) return { step: 'watch' };
  if (view.started) return { step: 'interrupt', reason: view.starting === undefined ? 'journal' : 'supervisor' };
  if (view.ending !== undefined) return { step: 'end', end: view.ending === 'timeout' ? 'timed-out' : 'cancelled' };
  if (view.late) return { step: 'end', end: 'expired' };
  if (view.lost >= maxLost) return { step: 'end', end: 'lost' };
  return { step: 'start' };
}
