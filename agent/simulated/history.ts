import { closeSync, openSync, writeSync } from 'node:fs';
import type { Clock } from '../../shared/time.ts';

/** One line of a history. */
export type HistoryEvent =
  | { readonly event: 'start'; readonly execution: string }
  | { readonly event: 'end'; readonly execution: string; readonly state: string }
  | { readonly event: 'live'; readonly node: string; readonly replica: string }
  | { readonly event: 'over'; readonly node: string; readonly reason: string; readonly server: string };

/**
 * What happened on all simulated nodes, in its order: counted, and, where there is a file, appended to it as lines of JSON with
 * the Unix time in ms (`{"at":…,"event":"start","execution":…}`), all of one turn of the loop at once.
 */
export class History {
  readonly #clock: Clock;
  #file: number | undefined;
  readonly #started = new Set<string>();
  readonly #twice = new Set<string>();
  #ends = 0;
  #sessions = 0;
  #lines = '';

  constructor({ clock, path }: { clock: Clock; path: string | undefined }) {
    this.#clock = clock;
    this.#file = path === undefined ? undefined : openSync(path, 'a', 0o644);
  }

  /** `startedTwice` are ids; there must be none. */
  get summary(): { starts: number; ends: number; sessions: number; startedTwice: string[] } {
    return {
      starts: this.#started.size,
      ends: this.#ends,
      sessions: this.#sessions,
      startedTwice: [...this.#twice],
    };
  }

  add(event: HistoryEvent): void {
    if (event.event === 'start') {
      if (this.#started.has(event.execution)) this.#twice.add(event.execution);
      this.#started.add(event.execution);
    } else if (event.event === 'end') this.#ends += 1;
    else if (event.event === 'live') this.#sessions += 1;
    if (this.#file === undefined) return;
    if (this.#lines === '') setImmediate(() => this.flush());
    this.#lines += `${JSON.stringify({ at: this.#clock.now(), ...event })}\n`;
  }

  flush(): void {
    if (this.#file !== undefined && this.#lines !== '') writeSync(this.#file, this.#lines);
    this.#lines = '';
  }

  close(): void {
    this.flush();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
