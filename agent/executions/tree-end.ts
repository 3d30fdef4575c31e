import type { SentSignal } from '../../proto/gen/muster/v1/SentSignal.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock, Timer } from '../../shared/time.ts';
import type { Containment } from '../sandbox/containment.ts';
import type { ProcessView } from '../sandbox/process-table.ts';

const kill = 9;
/** What forks faster than it dies, or hangs in the kernel, is asked again this often. */
const againMs = 1000;
/** Lines of a receipt. */
const mostSignals = 16;
/** How long the rest of a tree may take to be gone after KILL; what is left then is listed. */
const restMs = 5000;

/** Signal, grace, KILL to everything an execution has started, until it is told that the command has ended. */
export class TreeEnd {
  readonly signals: SentSignal[] = [];
  /** On the clock's monotonic time. */
  readonly beganMs: number;
  readonly #containment: Containment;
  readonly #clock: Clock;
  readonly #log: Log;
  #killAtMs = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(options: { containment: Containment; clock: Clock; log: Log }) {
    this.#containment = options.containment;
    this.#clock = options.clock;
    this.#log = options.log;
    this.beganMs = options.clock.monotonic();
  }

  /** Sends `signal` now and KILL after the grace, unless an earlier call promised it sooner. */
  send(signal: number, graceMs: number): void {
    this.#signal(signal);
    const killAtMs = signal === kill ? this.#clock.monotonic() + againMs : this.#clock.monotonic() + graceMs;
    if (killAtMs < this.#killAtMs) this.#arm(killAtMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(killAtMs: number): void {
    this.#timer?.cancel();
    this.#killAtMs = killAtMs;
    this.#timer = this.#clock.after(killAtMs - this.#clock.monotonic(), () => {
      this.#signal(kill);
      this.#arm(this.#clock.monotonic() + againMs);
    });
  }

  #signal(signal: number): void {
    const afterMs = Math.round(this.#clock.monotonic() - this.beganMs);
    const processes = this.#containment.signal(signal);
    // Repeated KILLs are one line of the receipt; one line is kept for them.
    const room = this.signals.length < mostSignals - (signal === kill ? 0 : 1);
    if (room && this.signals.at(-1)?.signal !== kill) this.signals.push({ signal, afterMs, processes });
    this.#log.info({ signal, processes }, 'signalled');
  }
}

/** Kills what is left of a tree and waits until it has gone; whoever is still to be seen after some seconds. */
export async function killRest(containment: Containment, clock: Clock): Promise<ProcessView[]> {
  const deadlineMs = clock.monotonic() + restMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    const left = containment.members();
    if (left.length === 0 || clock.monotonic() >= deadlineMs) return left;
    containment.signal(kill);
    await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
  }
}
