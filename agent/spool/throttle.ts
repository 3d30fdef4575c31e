import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import type { DrainPlace } from './drain.ts';
import { Signal } from './signal.ts';

const publishMs = 50;

/**
 * The policy `throttle`: tells the drain where the slowest reader stands, so that it waits before it drops what nobody has read.
 * The command then waits for the drain. Without a reader, or when this process has died, the drain goes on as with `keep-tail`.
 */
export class Throttle {
  readonly #place: DrainPlace;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #exited: () => boolean;
  readonly #slowest: () => number | undefined;
  readonly #woken = new Signal();
  #closed = false;
  #done: Promise<void> | undefined;

  constructor(options: {
    place: DrainPlace;
    clock: Clock;
    log: Log;
    exited: () => boolean;
    slowest: () => number | undefined;
  }) {
    this.#place = options.place;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#exited = options.exited;
    this.#slowest = options.slowest;
  }

  start(): void {
    if (this.#closed) return;
    this.#done ??= this.#run().catch((err: unknown) =>
      this.#log.warn({ err, 'spool.folder': this.#place.dir }, 'output is not throttled'),
    );
  }

  /** A reader came, or the command has ended. */
  wake(): void {
    this.#woken.raise();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.wake();
    await this.#done;
  }

  async #run(): Promise<void> {
    const self = `${process.pid} ${await startTime()}`;
    const file = join(this.#place.dir, `${this.#place.stream}.hold`);
    let published: string | undefined;
    while (!this.#closed) {
      const { version } = this.#woken;
      const slowest = this.#slowest();
      const exited = this.#exited();
      // After the exit little is left, and the end must come through: nothing waits, and nothing is dropped.
      const text = slowest === undefined ? undefined : `${self} ${exited ? '-' : slowest}\n`;
      if (text !== published) {
        if (text === undefined) await rm(file, { force: true });
        else {
          await writeFile(`${file}.new`, text, { mode: 0o600 });
          await rename(`${file}.new`, file);
        }
        published = text;
      }
      if (text === undefined || exited) await this.#woken.past(version);
      else await new Promise<void>((resolve) => this.#clock.after(publishMs, resolve));
    }
    await rm(file, { force: true });
  }
}

/** When this process began, in the kernel's ticks since boot: with the pid, its identity. */
async function startTime(): Promise<string> {
  const stat = await readFile('/proc/self/stat', 'latin1');
  return stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[19] ?? '';
}
