import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Happening, HistoryEvent } from './event.ts';

const flushBytes = 64 * 1024;

/** Everything that happened in one trial, in order, in memory and as JSON lines in a file. */
export class History {
  readonly path: string;
  readonly #events: HistoryEvent[] = [];
  readonly #file: number;
  #pending = '';

  constructor({ path }: { path: string }) {
    this.path = path;
    this.#file = openSync(path, 'w');
  }

  get events(): readonly HistoryEvent[] {
    return this.#events;
  }

  add(happening: Happening): void {
    const event = { at: Date.now(), ...happening } as HistoryEvent;
    this.#events.push(event);
    this.#pending += `${JSON.stringify(event)}\n`;
    if (this.#pending.length > flushBytes) this.flush();
  }

  flush(): void {
    writeSync(this.#file, this.#pending);
    this.#pending = '';
  }

  close(): void {
    this.flush();
    closeSync(this.#file);
  }
}

/** What a file of an earlier trial holds. */
export const readHistory = (path: string): HistoryEvent[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as HistoryEvent);
