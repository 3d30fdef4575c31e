import { readdirSync, statSync } from 'node:fs';
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
   * was listed, because the drain begins one only after the last one's writer has gone. Looks at once and does not yield: these
   * are names and sizes the kernel has at hand, and a turn through the thread pool for each would be most of a short command's time.
   */
  layout(): Layout {
    const names = unlessAbsent(() => readdirSync(this.dir)) ?? [];
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
      const sizeBytes = this.#finalSizes.get(name) ?? this.#size(name);
      if (sizeBytes === undefined) continue;
      if (name !== newest) finalSizes.set(name, sizeBytes);
      entries.push({ name, sizeBytes });
    }
    this.#finalSizes = finalSizes;
    const keepsHead = readBound(this.dir).policy === 'keep-head';
    return spoolLayout(entries, { stream: this.stream, keepsHead });
  }

  #size(name: string): number | undefined {
    return unlessAbsent(() => statSync(join(this.dir, name)).size);
  }
}

function unlessAbsent<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw err;
  }
}
