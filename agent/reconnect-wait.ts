import { fullJitterMs } from '../shared/time.ts';
import type { SessionOutcome } from './session/session.ts';

export interface ReconnectSettings {
  /** Waits are random between 0 and base × 2^n, up to the cap. */
  readonly reconnectBaseMs: number;
  readonly reconnectCapMs: number;
}

/** A session that lived so long was a good one: the next wait is short again. */
const goodSessionMs = 10_000;

/** However long a replica asks to be left alone, it is asked again after so long. */
const maxRetryAfterMs = 300_000;

/**
 * Sessions that failed one after another, after one more. Not counted: those that a replica ended or refused in good order, saying
 * when to come back, since that is no sign of trouble.
 */
export function failuresAfter(failures: number, { liveMs, reason, retryAfterMs }: SessionOutcome): number {
  const before = liveMs >= goodSessionMs ? 0 : failures;
  return reason === 'reconnect' || retryAfterMs !== undefined ? before : before + 1;
}

/**
 * How long to wait before the next server is dialled: what the replica asked for, and on top of it full jitter, which doubles with
 * every round in which all `servers` failed; one dead replica of several slows nobody down.
 */
export function reconnectWaitMs(options: {
  readonly outcome: SessionOutcome;
  /** Before this one. */
  readonly failures: number;
  readonly servers: number;
  readonly settings: ReconnectSettings;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}): number {
  const { outcome, failures, servers, settings, random } = options;
  const rounds = outcome.liveMs >= goodSessionMs ? 0 : Math.floor(failures / servers);
  const jitterMs = fullJitterMs(rounds, settings.reconnectBaseMs, settings.reconnectCapMs, random);
  return Math.min(outcome.retryAfterMs ?? 0, maxRetryAfterMs) + jitterMs;
}
