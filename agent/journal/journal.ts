import { closeSync, fsyncSync, openSync } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionId } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { encodeFrame, readFrames } from './frames.ts';
import { GroupCommit } from './group-commit.ts';
import { applyRecord, type JournalEntry, type JournalRecord, recordsOf } from './record.ts';

/** A journal is not written anew below this size. */
const compactAboveBytes = 8 * 1024 ** 2;

interface Item {
  readonly record: JournalRecord;
  readonly blob: Buffer | undefined;
  readonly sync: boolean;
}

/**
 * What the agent has promised, on disk: one file of checked frames, appended and synced in groups. The caller holds the state
 * folder's lock. Lives as long as the agent; every `append` that resolved is there after a crash.
 */
export class Journal {
  readonly entries: ReadonlyMap<ExecutionId, JournalEntry>;
  readonly #entries: Map<ExecutionId, JournalEntry>;
  readonly #dir: string;
  readonly #log: Log;
  readonly #onBroken: (error: Error) => void;
  readonly #group: GroupCommit<Item>;
  #file: FileHandle;
  #bytes: number;
  #forgottenUntilUnixMs: number;
  #compactAtBytes = compactAboveBytes;
  /** Set once the disk has failed in a way after which nothing it says about this file can be believed. */
  #broken: Error | undefined;

  private constructor(options: {
    dir: string;
    log: Log;
    onBroken: (error: Error) => void;
    file: FileHandle;
    bytes: number;
    entries: Map<ExecutionId, JournalEntry>;
    forgottenUntilUnixMs: number;
  }) {
    this.#dir = options.dir;
    this.#log = options.log;
    this.#onBroken = options.onBroken;
    this.#file = options.file;
    this.#bytes = options.bytes;
    this.#entries = options.entries;
    this.entries = options.entries;
    this.#forgottenUntilUnixMs = options.forgottenUntilUnixMs;
    this.#group = new GroupCommit({ commit: (items) => this.#write(items) });
  }

  /** Reads `<dir>/journal`; a torn end is cut off, a damaged record in the middle is said in the log and passed over. */
  static async open(options: {
    dir: string;
    log: Log;
    /** Called once, after a failure of the disk that no later `append` can get over. */
    onBroken?: (error: Error) => void;
  }): Promise<Journal> {
    const { dir, log, onBroken = () => undefined } = options;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const file = await open(join(dir, 'journal'), 'a+', 0o600);
    const bytes = await readFile(join(dir, 'journal'));
    const { frames, goodBytes, corruptBytes } = readFrames(bytes);
    if (goodBytes < bytes.length) {
      log.warn({ 'journal.torn_bytes': bytes.length - goodBytes }, 'the journal ended in a torn record, now cut off');
      await file.truncate(goodBytes);
    }
    if (corruptBytes > 0) log.error({ 'journal.corrupt_bytes': corruptBytes }, 'the journal is damaged in the middle');
    syncDirectory(dir);
    const entries = new Map<ExecutionId, JournalEntry>();
    let forgottenUntilUnixMs = 0;
    for (const { head, blob } of frames) {
      forgottenUntilUnixMs = applyTo(entries, forgottenUntilUnixMs, head as unknown as JournalRecord, blob);
    }
    const journal = new Journal({ dir, log, onBroken, file, bytes: goodBytes, entries, forgottenUntilUnixMs });
    await journal.#compactIfWorth();
    return journal;
  }

  /** The highest expiry of all ids that were forgotten; 0 = none. An unknown order that expires no later may be one of them. */
  get forgottenUntilUnixMs(): number {
    return this.#forgottenUntilUnixMs;
  }

  get(id: ExecutionId): JournalEntry | undefined {
    return this.#entries.get(id);
  }

  /**
   * Resolves once the record is on disk and in `entries`. Rejects where it could not be written; then it is in neither. With
   * `sync: false` it resolves once written: a crash of the agent keeps it, one of the host may not.
   */
  async append(record: JournalRecord, blob?: Buffer, options: { sync?: boolean } = {}): Promise<void> {
    await this.#group.add({ record, blob, sync: options.sync ?? true });
  }

  async close(): Promise<void> {
    await this.#group.idle();
    await this.#file.close();
  }

  async #write(items: readonly Item[]): Promise<void> {
    if (this.#broken) throw this.#broken;
    const content = Buffer.concat(items.map(({ record, blob }) => encodeFrame(record, blob)));
    try {
      const { bytesWritten } = await this.#file.write(content);
      if (bytesWritten < content.length)
        throw new Error(`only ${bytesWritten} of ${content.length} bytes were written`);
    } catch (error) {
      // Half a record must not stand in the way of the next.
      await this.#file.truncate(this.#bytes).catch((cause: unknown) => this.#break(cause));
      throw error;
    }
    // After a failed sync the kernel may call the lost pages clean: nothing written later would prove anything.
    if (items.some(({ sync }) => sync)) await this.#file.datasync().catch((cause: unknown) => this.#break(cause));
    this.#bytes += content.length;
    for (const { record, blob } of items) {
      this.#forgottenUntilUnixMs = applyTo(this.#entries, this.#forgottenUntilUnixMs, record, blob ?? Buffer.alloc(0));
    }
    await this.#compactIfWorth().catch((error: unknown) =>
      this.#log.warn({ err: error }, 'the journal was not compacted'),
    );
  }

  /** Writes the file anew with what is still needed, once most of it is not. Runs between two groups, never beside one. */
  async #compactIfWorth(): Promise<void> {
    if (this.#bytes < this.#compactAtBytes) return;
    const expiresUnixMs = this.#forgottenUntilUnixMs;
    const until: JournalRecord = { type: 'forgotten-until', id: '', expiresUnixMs };
    const frames = [...this.#entries.values()].flatMap(recordsOf).map(({ record, blob }) => encodeFrame(record, blob));
    const content = Buffer.concat([encodeFrame(until), ...frames]);
    this.#compactAtBytes = Math.max(compactAboveBytes, 2 * content.length, this.#bytes + compactAboveBytes / 2);
    if (content.length * 2 > this.#bytes) return;
    const path = join(this.#dir, 'journal');
    await writeFile(`${path}.new`, content, { mode: 0o600, flush: true });
    const file = await open(`${path}.new`, 'a', 0o600);
    await rename(`${path}.new`, path);
    syncDirectory(this.#dir);
    await this.#file.close();
    this.#file = file;
    this.#log.info({ 'journal.before_bytes': this.#bytes, 'journal.bytes': content.length }, 'journal compacted');
    this.#bytes = content.length;
    this.#compactAtBytes = Math.max(compactAboveBytes, 2 * content.length);
  }

  #break(cause: unknown): never {
    const broken = new Error('the journal cannot be written; the agent must be started anew', { cause });
    this.#log.fatal({ err: cause }, broken.message);
    if (this.#broken === undefined) this.#onBroken(broken);
    this.#broken = broken;
    throw broken;
  }
}

/** Changes `entries`; the highest forgotten expiry after it. */
function applyTo(
  entries: Map<ExecutionId, JournalEntry>,
  forgottenUntilUnixMs: number,
  record: JournalRecord,
  blob: Buffer,
): number {
  if (record.type === 'forgotten-until') return Math.max(forgottenUntilUnixMs, record.expiresUnixMs);
  const before = entries.get(record.id);
  const entry = applyRecord(before, record, blob);
  if (entry) entries.set(record.id, entry);
  else entries.delete(record.id);
  const forgotten = entry === undefined && record.type === 'forgotten' ? (before?.expiresUnixMs ?? 0) : 0;
  return Math.max(forgottenUntilUnixMs, forgotten);
}

/** Makes names in a folder durable. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
