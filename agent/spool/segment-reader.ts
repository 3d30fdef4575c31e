import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Gap, layoutAt, type Segment } from './layout.ts';
import type { SegmentList } from './segment-list.ts';

/** Bytes read, a gap that begins where the reader stood, or nothing there yet. */
export type SegmentRead = number | Gap | undefined;

/** Reads one stream's bytes as the drain left them, by absolute offset. Keeps at most one file open. One call at a time. */
export class SegmentReader {
  readonly #list: SegmentList;
  #file: { readonly handle: FileHandle; readonly segment: Segment } | undefined;
  /** Where it last told of a gap of unknown length. */
  #told: number | undefined;

  constructor(list: SegmentList) {
    this.#list = list;
  }

  /** What is at `offset`: fills `buffer` from its start with at least one byte, or says why not. */
  async read(offset: number, buffer: Buffer): Promise<SegmentRead> {
    let confirmed = false;
    for (;;) {
      const bytes = await this.#readFile(offset, buffer);
      if (bytes > 0) return bytes;
      const layout = this.#list.layout();
      const found = layoutAt(layout, offset, this.#told);
      if (found === undefined) {
        // One that was dropped takes up its place on a full disk for as long as it is open.
        if (!layout.segments.some(({ name }) => name === this.#file?.segment.name)) await this.close();
        return undefined;
      }
      if ('name' in found) {
        // Open already, and grown in between: read again. A file that can't be opened was dropped just now: look again.
        if (this.#file?.segment.name !== found.name) await this.#open(found);
        continue;
      }
      // The list may lack what was made while it was read, and an open file that was dropped may still have had more.
      if (!confirmed) {
        confirmed = true;
        continue;
      }
      if (found.from === found.until) this.#told = offset;
      return found;
    }
  }

  /** A gap of unknown length at `offset` that it has not told of. */
  async jointAt(offset: number): Promise<Gap | undefined> {
    const layout = this.#list.layout();
    const gap = layout.gaps.find((each) => each.from === offset && each.until === offset);
    if (gap === undefined || this.#told === offset) return undefined;
    this.#told = offset;
    return gap;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close();
  }

  async #readFile(offset: number, buffer: Buffer): Promise<number> {
    if (this.#file === undefined) return 0;
    const { handle, segment } = this.#file;
    if (offset < segment.from) return 0;
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset - segment.from);
    return bytesRead;
  }

  async #open(segment: Segment): Promise<void> {
    await this.close();
    try {
      this.#file = { handle: await open(join(this.#list.dir, segment.name), 'r'), segment };
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'ENOENT') throw err;
    }
  }
}
