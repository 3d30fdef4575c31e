import { MusterError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import { type BucketRate, charge, fullBucket, take } from './admission-bucket.ts';

/** What comes at once where nobody came for a while: so many seconds' worth. */
const burstSeconds = 2;
/** Claims that wait for the store: at fifty a transaction this is a tenth of a second's work of it. */
const standardClaimsAtOnce = 512;
/** However long the line is, whoever is refused asks again after so long. */
const longestRetryMs = 120_000;
const sayingEveryMs = 1000;

/**
 * Who may open a session now. After a cut thousands of agents return at once: they are let in at a pace that leaves the event loop and the
 * store to others, and who is refused is told when to come back, each at another time.
 */
export class Admission {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #rate: BucketRate;
  readonly #claimsAtOnce: number;
  #bucket = fullBucket;
  #claims = 0;
  #refused = 0;
  #saidMs = Number.NEGATIVE_INFINITY;

  /** `aSecond`: nodes that are known; one that registers counts twice. */
  constructor(options: { aSecond: number; clock: Clock; log: Log; claimsAtOnce?: number }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#rate = { intervalMs: 1000 / options.aSecond, burst: options.aSecond * burstSeconds };
    this.#claimsAtOnce = options.claimsAtOnce ?? standardClaimsAtOnce;
  }

  /** At the opening of a stream, before anything of it is read. Throws TOO_MANY with the time to come back. */
  open(): void {
    const nowMs = this.#clock.monotonic();
    if (this.#claims >= this.#claimsAtOnce) this.#bucket = { ...this.#bucket, paidMs: this.#fullUntil(nowMs) };
    const { state, retryAfterMs } = take(this.#rate, this.#bucket, nowMs);
    this.#bucket = state;
    if (retryAfterMs === undefined) return;
    this.#refused += 1;
    this.#sayRefused(nowMs);
    throw new MusterError('TOO_MANY', 'many agents connect at once; come back later', {
      retryAfterMs: Math.min(retryAfterMs, longestRetryMs),
    });
  }

  /** A claim begins; the returned function is called when it is over. */
  claim(known: boolean): () => void {
    this.#claims += 1;
    if (!known) this.#bucket = charge(this.#rate, this.#bucket, this.#clock.monotonic());
    return () => {
      this.#claims -= 1;
    };
  }

  /** The store does not keep up: until some of the claims are done it is as if the bucket had just been emptied. */
  #fullUntil(nowMs: number): number {
    return Math.max(this.#bucket.paidMs, nowMs + this.#rate.burst * this.#rate.intervalMs);
  }

  #sayRefused(nowMs: number): void {
    if (nowMs - this.#saidMs < sayingEveryMs) return;
    this.#log.warn({ refused: this.#refused }, 'agents are told to connect later: too many at once');
    this.#saidMs = nowMs;
    this.#refused = 0;
  }
}
