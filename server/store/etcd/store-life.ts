/** Where the store was known to be when a call was sent. */
export interface Sent {
  readonly life: number;
  readonly revision: number;
}

/**
 * Notices that the store behind the endpoints is not the one it was: wiped, or restored from a snapshot. Reads and transactions are
 * linearizable, so that an answer can't be older than what was known when its call was sent.
 */
export class StoreLife {
  readonly #setBack: (from: number, to: number) => void;
  #life = 0;
  #highest = 0;

  /** `setBack` is called once for each new life. */
  constructor(setBack: (from: number, to: number) => void) {
    this.#setBack = setBack;
  }

  /** Lives before this one that were seen. */
  get current(): number {
    return this.#life;
  }

  sent(): Sent {
    return { life: this.#life, revision: this.#highest };
  }

  answered(sent: Sent, revision: number): void {
    // Of several calls under way only the first answer begins the new life.
    if (sent.life !== this.#life) return;
    if (revision >= sent.revision) {
      this.#highest = Math.max(this.#highest, revision);
      return;
    }
    this.#life += 1;
    this.#highest = revision;
    this.#setBack(sent.revision, revision);
  }
}
