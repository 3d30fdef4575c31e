import type { Log } from '../../shared/log.ts';
import { type Clock, sleep } from '../../shared/time.ts';
import type { LeaderTerm } from './leader-term.ts';

/** Something that only one replica may do. */
export interface Duty {
  /** For the log. */
  readonly name: string;
  /** Between the end of one round and the beginning of the next. */
  readonly intervalMs: number;
  /** What of an earlier term must not be built on. */
  begin?(): void;
  /** One round; rejects when the term ends in the middle. What it did, for the log, if anything. */
  round(term: LeaderTerm): Promise<Record<string, number> | undefined>;
}

/** Runs all duties, each at its own pace, until the term ends; resolves when none of them runs any more. Never rejects. */
export async function runDuties(options: {
  readonly duties: readonly Duty[];
  readonly term: LeaderTerm;
  readonly log: Log;
  readonly clock: Clock;
}): Promise<void> {
  const { duties, term, log, clock } = options;
  const run = async (duty: Duty): Promise<void> => {
    duty.begin?.();
    while (!term.over) {
      const startedMs = clock.monotonic();
      try {
        const did = await duty.round(term);
        const fields = { duty: duty.name, durationMs: Math.round(clock.monotonic() - startedMs), ...did };
        if (did !== undefined) log.info(fields, 'a duty of the leader was done');
      } catch (error) {
        if (!term.over) log.warn({ err: error, duty: duty.name }, 'a duty of the leader failed; it is tried again');
      }
      await sleep(duty.intervalMs, term.signal).catch(() => {});
    }
  };
  const ended = new Promise<void>((resolve) => {
    if (term.over) resolve();
    else term.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.all([ended, ...duties.map(run)]);
}
