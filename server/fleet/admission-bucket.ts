/** So many a second, and so many at once where nobody came for a while. */
export interface BucketRate {
  readonly intervalMs: number;
  readonly burst: number;
}

export interface BucketState {
  /** When all that was taken is paid for, one an interval. */
  readonly paidMs: number;
  /** The last place in time that somebody refused was told to come back at. */
  readonly promisedMs: number;
}

export const fullBucket: BucketState = { paidMs: Number.NEGATIVE_INFINITY, promisedMs: Number.NEGATIVE_INFINITY };

export interface BucketStep {
  readonly state: BucketState;
  /** Undefined = admitted; else when to come back: everyone refused gets a place of his own, one an interval. */
  readonly retryAfterMs: number | undefined;
}

/**
 * Takes one out of the bucket (GCRA: a bucket that is one number). Whoever comes back at his place, and nobody else meanwhile, is
 * admitted then: N refused at once are all in N intervals later.
 */
export function take({ intervalMs, burst }: BucketRate, state: BucketState, nowMs: number): BucketStep {
  const freeMs = state.paidMs - (burst - 1) * intervalMs;
  if (freeMs <= nowMs) {
    const paidMs = Math.max(state.paidMs, nowMs) + intervalMs;
    return { state: { ...state, paidMs }, retryAfterMs: undefined };
  }
  const promisedMs = Math.max(state.promisedMs + intervalMs, freeMs);
  return { state: { ...state, promisedMs }, retryAfterMs: promisedMs - nowMs };
}

/** Takes one that can't be refused any more: those who come next wait for it. */
export function charge({ intervalMs }: BucketRate, state: BucketState, nowMs: number): BucketState {
  return { ...state, paidMs: Math.max(state.paidMs, nowMs) + intervalMs };
}
