import { createHash, type Hash } from 'node:crypto';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MusterError } from '../../shared/errors.ts';
import { isNodeName } from '../../shared/ids.ts';
import type { OutputPiece, StreamName } from '../job/seen.ts';
import { gapText, unavailableText } from './gap-text.ts';

interface Collected {
  readonly node: string;
  readonly stream: StreamName;
  readonly file: string;
  readonly digest: Hash;
  chunks: Buffer[];
  buffered: number;
  bytes: number;
  created: boolean;
}

const fileBufferBytes = 64 * 1024;

export interface OutputFolderOptions {
  readonly dir: string;
  /** Bytes kept in memory over all files before they are written. */
  readonly budgetBytes?: number;
  /** Called for what is no output: gaps. They stand in the file too. */
  readonly onNote?: (node: string, note: string) => Promise<void>;
}

/** Output of many nodes in one folder, `NODE.stdout` and `NODE.stderr` a node, with a digest of each. */
export class OutputFolder {
  readonly #options: OutputFolderOptions;
  readonly #files = new Map<string, Collected>();
  #buffered = 0;
  #made = false;

  constructor(options: OutputFolderOptions) {
    this.#options = options;
  }

  async take(piece: OutputPiece): Promise<void> {
    const file = this.#file(piece.node, piece.stream);
    if (piece.type === 'output') return this.#append(file, piece.data);
    if (piece.type === 'end') return;
    const note = piece.type === 'gap' ? gapText(piece) : unavailableText(piece);
    await this.#options.onNote?.(piece.node, note);
    if (piece.type === 'gap') await this.#append(file, Buffer.from(`\n${note}\n`));
  }

  /** What was collected of one stream, one entry a node that wrote something. */
  *collected(stream: StreamName): Iterable<{ node: string; digest: string; bytes: number }> {
    for (const file of this.#files.values()) {
      if (file.stream === stream && file.bytes > 0) {
        yield { node: file.node, digest: file.digest.copy().digest('hex'), bytes: file.bytes };
      }
    }
  }

  /** Where a node's stream is, or its bytes where they never needed a file. */
  content(node: string, stream: StreamName): { file: string } | { bytes: Buffer } {
    const file = this.#file(node, stream);
    return file.created ? { file: file.file } : { bytes: Buffer.concat(file.chunks) };
  }

  /** Writes everything out; every node named has its two files then, empty or not. */
  async save(nodes: readonly string[]): Promise<void> {
    for (const node of nodes) for (const stream of ['stdout', 'stderr'] as const) this.#file(node, stream);
    for (const file of this.#files.values()) await this.#flush(file);
  }

  /** Writes out what memory still holds of files that were begun. */
  async settle(): Promise<void> {
    for (const file of this.#files.values()) if (file.created) await this.#flush(file);
  }

  #file(node: string, stream: StreamName): Collected {
    const key = `${node}.${stream}`;
    let file = this.#files.get(key);
    if (file === undefined) {
      // The name becomes part of a path.
      if (!isNodeName(node)) throw new MusterError('INTERNAL', `${JSON.stringify(node)} is no node name`);
      const empty = { chunks: [], buffered: 0, bytes: 0, created: false };
      file = { node, stream, file: join(this.#options.dir, key), digest: createHash('sha256'), ...empty };
      this.#files.set(key, file);
    }
    return file;
  }

  async #append(file: Collected, data: Buffer): Promise<void> {
    file.digest.update(data);
    file.bytes += data.length;
    file.chunks.push(Buffer.from(data));
    file.buffered += data.length;
    this.#buffered += data.length;
    if (file.buffered >= fileBufferBytes) await this.#flush(file);
    if (this.#buffered < (this.#options.budgetBytes ?? 32 * 1024 * 1024)) return;
    for (const other of this.#files.values()) if (other.buffered > 0) await this.#flush(other);
  }

  async #flush(file: Collected): Promise<void> {
    const data = Buffer.concat(file.chunks);
    this.#buffered -= file.buffered;
    file.chunks = [];
    file.buffered = 0;
    if (!this.#made) await mkdir(this.#options.dir, { recursive: true });
    this.#made = true;
    await (file.created ? appendFile(file.file, data) : writeFile(file.file, data));
    file.created = true;
  }
}
