/** Which server is next: every one in a random order, then every one in another; never one twice running where there are more. */
export class ServerRotation {
  readonly #servers: readonly string[];
  readonly #random: () => number;
  #round: string[] = [];
  #last: string | undefined;

  constructor(servers: readonly string[], random: () => number) {
    this.#servers = [...new Set(servers)];
    if (this.#servers.length === 0) throw new Error('no server to dial');
    this.#random = random;
  }

  /** Different ones. */
  get size(): number {
    return this.#servers.length;
  }

  next(): string {
    if (this.#round.length === 0) this.#round = this.#shuffled();
    const server = this.#round.shift() as string;
    this.#last = server;
    return server;
  }

  #shuffled(): string[] {
    const round = [...this.#servers];
    for (let at = round.length - 1; at > 0; at -= 1) {
      const other = Math.floor(this.#random() * (at + 1));
      [round[at], round[other]] = [round[other] as string, round[at] as string];
    }
    if (round.length > 1 && round[0] === this.#last) round.push(round.shift() as string);
    return round;
  }
}
