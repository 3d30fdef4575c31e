/** Every read may have this much under way, whatever the rest does: with it no reader ever starves another. */
export const baseCreditBytes = 8 * 1024;
/** One read's credit grows to this while its reader keeps up. */
const largestCreditBytes = 1024 * 1024;

/**
 * The bytes that all reads of a replica together may have asked for and not yet passed on. Above each read's base credit
 * they come out of one pool, so that many idle reads cost little and one busy read goes at full speed.
 */
export class CreditPool {
  readonly #limitBytes: number;
  #lentBytes = 0;

  constructor(options: { limitBytes: number }) {
    this.#limitBytes = options.limitBytes;
  }

  get lentBytes(): number {
    return this.#lentBytes;
  }

  /** How much a read that has used up `current` may have next: twice as much while the pool has it. Never below the base. */
  grow(current: number): number {
    const wanted = Math.min(largestCreditBytes, Math.max(baseCreditBytes, current * 2));
    const extra = Math.min(wanted - current, this.#limitBytes - this.#lentBytes);
    if (extra <= 0) return Math.max(current, baseCreditBytes);
    this.#lentBytes += extra;
    return current + extra;
  }

  /** Gives back what a read had above its base. */
  giveBack(current: number): void {
    this.#lentBytes -= Math.max(0, current - baseCreditBytes);
  }
}
