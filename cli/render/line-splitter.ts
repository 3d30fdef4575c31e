import { utf8Boundary } from './visible.ts';

/** A line is broken where it grows past this, so that memory stays bounded. */
export const longestLineBytes = 64 * 1024;

const newline = 0x0a;

/** Bytes in, whole lines out, without their newline. What is left at the end comes with `flush`. */
export class LineSplitter {
  #held: Buffer[] = [];
  #heldBytes = 0;

  /** The lines that `data` completes. */
  push(data: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let from = 0;
    for (let at = data.indexOf(newline); at !== -1; at = data.indexOf(newline, from)) {
      lines.push(this.#taken(data.subarray(from, at)));
      from = at + 1;
    }
    if (from < data.length) {
      // A copy: the rest would keep the whole message it came in.
      this.#held.push(Buffer.from(data.subarray(from)));
      this.#heldBytes += data.length - from;
    }
    while (this.#heldBytes > longestLineBytes) {
      const all = this.#taken(Buffer.alloc(0));
      // No character is torn apart by the break.
      const cut = utf8Boundary(all.subarray(0, longestLineBytes));
      lines.push(all.subarray(0, cut));
      this.#held.push(all.subarray(cut));
      this.#heldBytes = all.length - cut;
    }
    return lines;
  }

  /** The unfinished line, if any. */
  flush(): Buffer | undefined {
    return this.#heldBytes > 0 ? this.#taken(Buffer.alloc(0)) : undefined;
  }

  #taken(rest: Buffer): Buffer {
    const whole = this.#held.length === 0 ? rest : Buffer.concat([...this.#held, rest]);
    this.#held = [];
    this.#heldBytes = 0;
    return whole;
  }
}
