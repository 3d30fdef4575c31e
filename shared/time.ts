/** The clocks and timers a part may use; handed in, so that tests own time. */
export interface Clock {
  /** Unix time in ms. */
  now(): number;
  /** Monotonic time in ms; for every duration and deadline within one process. */
  monotonic(): number;
  /** Runs `action` once, `ms` from now at the earliest. The timer does not keep the process alive. */
  after(ms: number, action: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

const longestTimeoutMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, action) {
    // Node fires at once what is further away than 24.8 days.
    let handle: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      const step = Math.min(Math.max(leftMs, 0), longestTimeoutMs);
      handle = setTimeout(() => (leftMs > step ? arm(leftMs - step) : action()), step);
      handle.unref();
    };
    arm(ms);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `ms`, or rejects with the signal's reason. Keeps the process alive while it waits. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const timer = setTimeout(done, ms);
    function done(): void {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }
    function aborted(): void {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    }
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

/** Full jitter: a random wait between 0 and min(cap, base × 2^attempt), in ms. `attempt` counts from 0. */
export function fullJitterMs(
  attempt: number,
  baseMs: number,
  capMs: number,
  random: () => number = Math.random,
): number {
  return random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
}
