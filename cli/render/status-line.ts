import type { Sink } from './sink.ts';

const redrawMs = 100;

/** One line at the bottom of a terminal that gives way to output and comes back. Nothing at all elsewhere. */
export class StatusLine {
  readonly #sink: Sink;
  readonly #enabled: boolean;
  #text = '';
  #shown = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: { sink: Sink; enabled: boolean }) {
    this.#sink = options.sink;
    this.#enabled = options.enabled && options.sink.isTerminal;
  }

  /** Changes the line; it appears a moment later, so that fast changes cost little. */
  set(text: string): void {
    if (!this.#enabled) return;
    this.#text = text;
    this.#timer ??= setTimeout(() => this.#draw(), redrawMs).unref();
  }

  /** Takes the line away before something else is written. */
  async hide(): Promise<void> {
    if (!this.#shown) return;
    this.#shown = false;
    await this.#sink.write('\r\x1b[K');
    this.#timer ??= setTimeout(() => this.#draw(), redrawMs).unref();
  }

  /** Takes it away for good. */
  async end(): Promise<void> {
    this.#text = '';
    clearTimeout(this.#timer);
    await this.hide();
    clearTimeout(this.#timer);
  }

  #draw(): void {
    this.#timer = undefined;
    if (this.#text === '') return;
    this.#shown = true;
    this.#sink.write(`\r\x1b[K${this.#text.slice(0, Math.max(10, this.#sink.columns - 1))}`).catch(() => {});
  }
}
