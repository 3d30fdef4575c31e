import { readFileSync } from 'node:fs';
import { invalidField } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock, Timer } from '../../shared/time.ts';
import { writeDurably } from '../durable-file.ts';

const saveMs = 60_000;

/**
 * A clock whose time of day never goes back, not over a restart either: to set the host's clock back revives no order that has expired.
 * What was seen in the last minute before a crash may be forgotten.
 */
export class SteadyClock implements Clock {
  readonly #clock: Clock;
  readonly #path: string;
  #highest: number;
  #saved: number;
  #timer: Timer | undefined;

  /** Reads the highest time seen from `path`. Throws INVALID_FIELD where the file is damaged. */
  constructor(options: { readonly clock: Clock; readonly path: string; readonly log: Log }) {
    this.#clock = options.clock;
    this.#path = options.path;
    this.#saved = readTime(options.path);
    this.#highest = this.#saved;
    const behindMs = this.#highest - options.clock.now();
    if (behindMs > saveMs) {
      const told = 'the clock of this host was set back: orders are judged by the latest time it has shown';
      options.log.error({ behindMs, file: options.path }, `${told}; where that was wrong, remove the file`);
    }
    this.#save();
  }

  now(): number {
    this.#highest = Math.max(this.#highest, this.#clock.now());
    return this.#highest;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(ms: number, action: () => void): Timer {
    return this.#clock.after(ms, action);
  }

  close(): void {
    this.#timer?.cancel();
    this.#write();
  }

  #save(): void {
    this.#write();
    this.#timer = this.#clock.after(saveMs, () => this.#save());
  }

  #write(): void {
    const now = this.now();
    if (now === this.#saved) return;
    writeDurably(this.#path, `${now}\n`);
    this.#saved = now;
  }
}

function readTime(path: string): number {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
  if (!/^\d{1,15}\n$/.test(text)) throw invalidField('--state-dir', `${path} is damaged: it must hold a time in ms`);
  return Number(text);
}
