import type { Change } from './protocol.ts';

/** Tells one watch that there may be something to read; a watch reads from the history at its own pace. */
export class Watcher {
  readonly prefix: string;
  /** Nothing under the prefix has changed up to this revision since the last `take`. */
  quietUpTo = 0;
  /** The watch has to end. */
  ended = false;
  #rung = true;
  #wake: (() => void) | undefined;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  hear(change: Change): void {
    if (this.#rung) return;
    if (change.keys.some((key) => key.startsWith(this.prefix))) this.ring();
    else this.quietUpTo = change.revision;
  }

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  end(): void {
    this.ended = true;
    this.ring();
  }

  /** Resolves when there may be something to read, or the watch has to end. */
  async heard(): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    this.#rung = false;
  }
}

/** The live watches of one store. */
export class Watchers {
  readonly #watchers = new Set<Watcher>();

  add(prefix: string): Watcher {
    const watcher = new Watcher(prefix);
    this.#watchers.add(watcher);
    return watcher;
  }

  remove(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  hear(changes: readonly Change[]): void {
    for (const watcher of this.#watchers) for (const change of changes) watcher.hear(change);
  }

  endAll(): void {
    for (const watcher of this.#watchers) watcher.end();
  }
}
