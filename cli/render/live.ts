import type { FollowEvent } from '../job/follow-job.ts';
import type { OutputPiece, StreamName } from '../job/seen.ts';
import { gapText, unavailableText } from './gap-text.ts';
import { LineSplitter } from './line-splitter.ts';
import type { Sink } from './sink.ts';
import type { Style } from './style.ts';
import { utf8Boundary, visible } from './visible.ts';

export interface LiveOptions {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly styles: { readonly stdout: Style; readonly stderr: Style };
  /** Each line begins with its node's name; otherwise bytes pass as they come. */
  readonly prefix: boolean;
  /** Names to make room for, where they are known beforehand. */
  readonly nodes?: readonly string[];
  /** Called before each write: takes the status line away. */
  readonly beforeWrite?: () => Promise<void>;
}

const newline = Buffer.from('\n');

function noteOf(piece: OutputPiece): string | undefined {
  if (piece.type === 'gap') return gapText(piece);
  return piece.type === 'unavailable' ? unavailableText(piece) : undefined;
}

/**
 * Output as it comes. With prefix in whole lines: `web-1 | text` on a terminal (stderr as `web-1 ! text`, in red),
 * `web-1: text` elsewhere. A command's stdout goes to ours, its stderr to ours. On a terminal control characters are shown;
 * anywhere else each byte passes as it is.
 */
export class Live {
  readonly #options: LiveOptions;
  readonly #splitters = new Map<string, { splitter: LineSplitter; node: string; stream: StreamName }>();
  readonly #tails = new Map<string, Buffer>();
  #width: number;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#width = Math.max(0, ...(options.nodes ?? []).map((name) => name.length));
  }

  async event(event: FollowEvent): Promise<void> {
    if (event.type === 'output' || event.type === 'gap' || event.type === 'end' || event.type === 'unavailable') {
      await (this.#options.prefix ? this.#lines(event) : this.#raw(event));
    }
  }

  /** Unfinished lines of streams whose end was not told. */
  async flush(): Promise<void> {
    for (const [key, { splitter, node, stream }] of this.#splitters) {
      const rest = splitter.flush();
      this.#splitters.delete(key);
      if (rest) await this.#writeLines(node, stream, [rest]);
    }
  }

  async #lines(piece: OutputPiece): Promise<void> {
    const { node, stream } = piece;
    const key = `${piece.execution}/${stream}`;
    const held = this.#splitters.get(key) ?? { splitter: new LineSplitter(), node, stream };
    this.#splitters.set(key, held);
    const lines = piece.type === 'output' ? held.splitter.push(piece.data) : [held.splitter.flush()];
    if (piece.type === 'end') this.#splitters.delete(key);
    await this.#writeLines(
      node,
      stream,
      lines.filter((line) => line !== undefined),
    );
    const note = noteOf(piece);
    if (note !== undefined) await this.#writeLines(node, stream, [Buffer.from(note)]);
  }

  async #writeLines(node: string, stream: StreamName, lines: readonly Buffer[]): Promise<void> {
    if (lines.length === 0) return;
    const sink = this.#options[stream];
    this.#width = Math.max(this.#width, node.length);
    const style = this.#options.styles[stream];
    const isError = stream === 'stderr';
    const prefix = sink.isTerminal
      ? `${style.byName(node, node.padEnd(this.#width))} ${isError ? style.red('!') : style.dim('|')} `
      : `${node}: `;
    const head = Buffer.from(prefix);
    const bytes = lines.flatMap((line) => {
      const shown = sink.isTerminal ? Buffer.from(isError ? style.red(visible(line)) : visible(line)) : line;
      return [head, shown, newline];
    });
    await this.#write(stream, Buffer.concat(bytes));
  }

  async #raw(piece: OutputPiece): Promise<void> {
    const { stream } = piece;
    const sink = this.#options[stream];
    const key = `${piece.execution}/${stream}`;
    const tail = this.#tails.get(key) ?? Buffer.alloc(0);
    this.#tails.delete(key);
    if (piece.type === 'output') {
      if (!sink.isTerminal) return this.#write(stream, piece.data);
      const bytes = tail.length > 0 ? Buffer.concat([tail, piece.data]) : piece.data;
      const boundary = utf8Boundary(bytes);
      if (boundary < bytes.length) this.#tails.set(key, Buffer.from(bytes.subarray(boundary)));
      return this.#write(stream, Buffer.from(visible(bytes.subarray(0, boundary))));
    }
    if (tail.length > 0) await this.#write(stream, Buffer.from(visible(tail)));
    const note = noteOf(piece);
    if (note === undefined) return;
    // In place on a terminal; elsewhere the stream has the command's bytes and nothing else.
    await this.#write(sink.isTerminal ? stream : 'stderr', Buffer.from(`${note}\n`));
  }

  async #write(stream: StreamName, bytes: Buffer): Promise<void> {
    await this.#options.beforeWrite?.();
    await this.#options[stream].write(bytes);
  }
}
