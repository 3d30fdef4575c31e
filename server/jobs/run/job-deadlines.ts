import type { ValidOrder } from '../../../shared/order.ts';
import type { JobTimers } from './job-timers.ts';

/** Has a run do at each deadline of its order what is due then: also when that has passed, though not at once. */
export function setDeadlines(
  order: ValidOrder,
  nowUnixMs: number,
  timers: JobTimers,
  run: {
    /** The delivery deadline has passed. */
    readonly expire: () => void;
    /** Whatever was delivered in time is over by now. */
    readonly lapse: () => void;
    /** Carries out what follows. */
    readonly step: () => void;
    /** The job's deadline has passed. */
    readonly close: () => void;
  },
): void {
  const { deliveryDeadlineUnixMs, jobDeadlineUnixMs, limits } = order;
  const at = (unixMs: number, action: () => void): void => timers.after(unixMs - nowUnixMs, action);
  at(deliveryDeadlineUnixMs, () => {
    run.expire();
    run.step();
  });
  // Without a timeout nobody knows.
  if (limits.timeoutMs > 0) {
    at(deliveryDeadlineUnixMs + limits.timeoutMs + limits.graceMs, () => {
      run.lapse();
      run.step();
    });
  }
  at(jobDeadlineUnixMs, run.close);
}
