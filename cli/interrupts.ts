import type { Clock, Timer } from '../shared/time.ts';

export type InterruptStep =
  /** First Ctrl-C: a second one within the time cancels, otherwise the client lets go. */
  'ask' | 'cancel' | 'detach';

export interface InterruptsOptions {
  readonly clock: Clock;
  /** How long a second Ctrl-C may take, in ms. */
  readonly againWithinMs?: number;
  readonly onStep: (step: InterruptStep, signal: NodeJS.Signals) => void;
}

/**
 * Ctrl-C while a job is followed: once lets go of it, twice cancels it and waits for the receipts, a third time lets go of
 * that too. TERM and HUP let go at once. The job never ends because its client does.
 */
export class Interrupts {
  readonly #options: InterruptsOptions;
  #stage: 'following' | 'asked' | 'cancelling' | 'detached' = 'following';
  #timer: Timer | undefined;

  constructor(options: InterruptsOptions) {
    this.#options = options;
  }

  /** Takes one signal. */
  take(signal: NodeJS.Signals): void {
    if (this.#stage === 'detached') return;
    if (signal !== 'SIGINT' || this.#stage === 'cancelling') {
      this.#detach(signal);
    } else if (this.#stage === 'following') {
      this.#stage = 'asked';
      this.#timer = this.#options.clock.after(this.#options.againWithinMs ?? 3000, () => this.#detach(signal));
      this.#options.onStep('ask', signal);
    } else {
      this.#timer?.cancel();
      this.#stage = 'cancelling';
      this.#options.onStep('cancel', signal);
    }
  }

  /** No step follows. */
  stop(): void {
    this.#timer?.cancel();
    this.#stage = 'detached';
  }

  #detach(signal: NodeJS.Signals): void {
    this.#timer?.cancel();
    this.#stage = 'detached';
    this.#options.onStep('detach', signal);
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Listens to the process's signals until `stop` is called. */
export function listenToSignals(interrupts: Interrupts): { stop(): void } {
  const listener = (signal: NodeJS.Signals): void => interrupts.take(signal);
  for (const signal of signals) process.on(signal, listener);
  return {
    stop() {
      interrupts.stop();
      for (const signal of signals) process.removeListener(signal, listener);
    },
  };
}
