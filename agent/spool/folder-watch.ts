import { type FSWatcher, watch } from 'node:fs';
import type { Log } from '../../shared/log.ts';
import type { Clock, Timer } from '../../shared/time.ts';
import { Signal } from './signal.ts';

/** Bounds what a lost or impossible inotify event costs. */
const pollMs = 500;

/** Raises `changed` when a file of the folder whose name begins so may have changed, from the first `wait` until `rest` or `close`. */
export class FolderWatch {
  readonly changed = new Signal();
  readonly #dir: string;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #watcher: FSWatcher | undefined;
  #poll: Timer | undefined;
  #closed = false;

  constructor(options: { dir: string; prefix: string; clock: Clock; log: Log }) {
    this.#dir = options.dir;
    this.#prefix = options.prefix;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Resolves after a change past `version`. The first call may resolve at once: it came before the watch stood. */
  async wait(version: number): Promise<void> {
    if (this.#closed) return;
    if (this.#watcher === undefined) {
      this.#start();
      return;
    }
    this.#poll ??= this.#clock.after(pollMs, () => {
      this.#poll = undefined;
      this.changed.raise();
    });
    await this.changed.past(version);
  }

  /** Gives the watch back; the next `wait` starts it again. */
  rest(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#poll?.cancel();
    this.#poll = undefined;
    this.changed.raise();
  }

  close(): void {
    this.#closed = true;
    this.rest();
  }

  #start(): void {
    try {
      this.#watcher = watch(this.#dir, { persistent: false }, (_event, name) => {
        if (name?.startsWith(this.#prefix) !== false) this.changed.raise();
      });
      this.#watcher.on('error', (err) =>
        this.#log.warn({ err, 'spool.folder': this.#dir }, 'watching the spool failed'),
      );
    } catch (err) {
      // Out of inotify watches, or the folder is gone: the poll alone still gets there.
      this.#log.warn({ err, 'spool.folder': this.#dir }, 'the spool is polled, it can not be watched');
      this.#watcher = { close: () => undefined } as FSWatcher;
    }
  }
}
