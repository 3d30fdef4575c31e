/** Something that may have changed. Read `version` before looking, then wait past it: no change in between is missed. */
export class Signal {
  #version = 0;
  #waiters: (() => void)[] = [];

  get version(): number {
    return this.#version;
  }

  raise(): void {
    this.#version++;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  /** Resolves once the version is past `version`. */
  past(version: number): Promise<void> {
    if (this.#version !== version) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  get awaited(): boolean {
    return this.#waiters.length > 0;
  }
}
