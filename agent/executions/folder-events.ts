import { type FSWatcher, watch } from 'node:fs';
import { Signal } from '../spool/signal.ts';

/** Tells that something in a folder has changed: `changed` is raised, perhaps without cause. */
export class FolderEvents {
  readonly changed = new Signal();
  readonly #watcher: FSWatcher | undefined;

  constructor(options: { path: string }) {
    try {
      this.#watcher = watch(options.path, { persistent: false }, () => this.changed.raise());
      this.#watcher.on('error', () => this.changed.raise());
    } catch {
      // No inotify watch to be had: whoever waits looks again now and then.
    }
  }

  close(): void {
    this.#watcher?.close();
    this.changed.raise();
  }
}
