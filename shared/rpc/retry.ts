import { catalog, MusterError } from '../errors.ts';
import { fullJitterMs, sleep } from '../time.ts';

export interface RetryOptions {
  /** How long to keep trying, from the first failure on, in ms. 0 = one try only. */
  readonly forMs: number;
  readonly signal?: AbortSignal;
  /** Told before each wait: the failure, how many there have been in a row, and the wait in ms. */
  readonly onRetry?: (error: MusterError, failures: number, waitMs: number) => void;
  /** Monotonic clock in ms. */
  readonly monotonic?: () => number;
  readonly random?: () => number;
}

const baseMs = 100;
const capMs = 2000;

/** Whether the catalog says that the same call may succeed later. */
export const isRetryable = (error: unknown): error is MusterError =>
  error instanceof MusterError && catalog[error.reason].retry;

/** Counts failures in a row and waits between tries, with full jitter; gives up by rethrowing the error. */
export class Retry {
  readonly #options: RetryOptions;
  readonly #monotonic: () => number;
  #failures = 0;
  #sinceMs = 0;

  constructor(options: RetryOptions) {
    this.#options = options;
    this.#monotonic = options.monotonic ?? (() => performance.now());
  }

  /** Something went well: the time to keep trying begins anew. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** Waits before the next try. Rejects with `error` where it is final or the time is up, and with the signal's reason. */
  async failed(error: unknown): Promise<void> {
    this.#options.signal?.throwIfAborted();
    if (!isRetryable(error)) throw error;
    if (this.#failures === 0) this.#sinceMs = this.#monotonic();
    if (this.#monotonic() - this.#sinceMs >= this.#options.forMs) throw error;
    this.#failures += 1;
    const waitMs = Math.max(fullJitterMs(this.#failures, baseMs, capMs, this.#options.random), error.retryAfterMs ?? 0);
    this.#options.onRetry?.(error, this.#failures, waitMs);
    await sleep(waitMs, this.#options.signal);
  }
}

/** Calls until it succeeds, fails for good, or the time is up. The call must be one that may be repeated. */
export async function retrying<Value>(call: () => Promise<Value>, options: RetryOptions): Promise<Value> {
  const retry = new Retry(options);
  for (;;) {
    try {
      return await call();
    } catch (error) {
      await retry.failed(error);
    }
  }
}

const ofOneReplica: ReadonlySet<string> = new Set(['REPLICA_UNAVAILABLE', 'REPLICA_STOPPING', 'STORE_UNAVAILABLE']);

/**
 * Calls until a replica answers, each of them once: what one can't do another may, which is not stopping, or not cut off from the
 * store. For calls that change nothing.
 */
export async function atAnyReplica<Value>(
  client: { readonly servers: number },
  call: () => Promise<Value>,
): Promise<Value> {
  for (let left = client.servers - 1; ; left -= 1) {
    try {
      return await call();
    } catch (error) {
      if (left <= 0 || !(error instanceof MusterError) || !ofOneReplica.has(error.reason)) throw error;
    }
  }
}
