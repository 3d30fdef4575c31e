/** First in, first out, in amortised constant time. */
export class IndexQueue {
  #items: number[] = [];
  #head = 0;

  push(index: number): void {
    this.#items.push(index);
  }

  shift(): number | undefined {
    const index = this.#items[this.#head];
    if (index === undefined) return undefined;
    this.#head += 1;
    if (this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return index;
  }
}
