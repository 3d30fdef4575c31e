import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readBound } from './bound.ts';
import { type DrainName, type Layout, type SpoolEntry, segmentOffset, spoolLayout } from './layout.ts';

/** Looks at a spool folder for one stream. Remembers sizes that can't change any more. */
export class SegmentList {
  readonly dir: string;
  readonly stream: DrainName;
  #finalSizes = new Map<string, number>();

  constructor(options: { dir: string; stream: DrainName }) {
    this.dir = options.dir;
    this.stream = options.stream;
  }

  /**
   * The layout now; an empty one where the folder is gone. Names are read before sizes: a size is final where a later segment
   * was listed, because the drain begins one only after the last one's writer has gone.
   */
  async layout(): Promise<Layout> {
    const names = await readdir(this.dir).catch(absent<string[]>([]));
    const mine = names.filter((name) => name.startsWith(`${this.stream}.`));
    const newest = mine
      .filter((name) => segmentOffset(name, this.stream) !== undefined)
      .sort()
      .at(-1);
    const entries: SpoolEntry[] = [];
    const finalSizes = new Map<string, number>();
    for (const name of mine) {
      if (segmentOffset(name, this.stream) === undefined) {
        entries.push({ name, sizeBytes: 0 });
        continue;
      }
      const sizeBytes = this.#finalSizes.get(name) ?? (await this.#size(name));
      if (sizeBytes === undefined) continue;
      if (name !== newest) finalSizes.set(name, sizeBytes);
      entries.push({ name, sizeBytes });
    }
    this.#finalSizes = finalSizes;
    const keepsHead = (await readBound(this.dir)).policy === 'keep-head';
    return spoolLayout(entries, { stream: this.stream, keepsHead });
  }

  async #size(name: string): Promise<number | undefined> {
    const stats = await stat(join(this.dir, name)).catch(absent(undefined));
    return stats?.size;
  }
}

function absent<T>(instead: T): (err: NodeJS.ErrnoException) => T {
  return (err) => {
    if (err.code === 'ENOENT') return instead;
    throw err;
  };
}
