import { type FSWatcher, watch } from 'node:fs';
import type { Clock } from '../../shared/time.ts';
import { Signal } from '../spool/signal.ts';

/** Tells that something in a folder has changed: `changed` is raised, perhaps without cause. */
export class FolderEvents {
  readonly changed = new Signal();
  readonly #clock: Clock;
  readonly #path: string;
  #watcher: FSWatcher | undefined;

  constructor(options: { path: string; clock: Clock }) {
    this.#clock = options.clock;
    this.#path = options.path;
  }

  /** From now on the folder is watched; before, only who raises `changed` is heard: thousands that wait take no watch. */
  watch(): void {
    if (this.#watcher) return;
    try {
      this.#watcher = watch(this.#path, { persistent: false }, () => this.changed.raise());
      this.#watcher.on('error', () => this.changed.raise());
    } catch {
      // No inotify watch to be had: whoever waits looks again now and then.
    }
  }

  /** Resolves after a change past `version`, or after `ms`. */
  async past(version: number, ms: number): Promise<void> {
    // Raised, not passed by: whoever is left waiting would stay for ever.
    const timer = this.#clock.after(ms, () => this.changed.raise());
    await this.changed.past(version);
    timer.cancel();
  }

  close(): void {
    this.#watcher?.close();
    this.changed.raise();
  }
}
