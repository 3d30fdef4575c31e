import { replicaName, type Surroundings } from '../../test/harness/process-cluster.ts';
import { TcpProxy } from '../../test/harness/tcp-proxy.ts';
import type { Trial } from '../trial.ts';

/** Between a replica and etcd; other replicas and it (as they dial it); agents and it. */
export type LinkKind = 'store' | 'peers' | 'agents';

const reroute = import.meta.resolve('../programs/reroute.ts');
const words = { store: 'etcd', peers: 'replicas', agents: 'agents' } as const;

/** A proxy on every way to and from every replica, to cut, silence or slow it. */
export class Links {
  readonly #trial: Trial;
  readonly #proxies: Readonly<Record<LinkKind, TcpProxy[][]>> = { store: [], peers: [], agents: [] };

  /** Kinds that are not named go straight. `etcd` are the members' `host:port`. */
  static async open(
    trial: Trial,
    options: { replicas: number; etcd: readonly string[]; kinds: readonly LinkKind[] },
  ): Promise<Links> {
    const links = new Links(trial);
    trial.after(() => links.#close());
    if (!options.kinds.includes('store')) return links;
    for (let n = 0; n < options.replicas; n += 1)
      links.#proxies.store.push(await Promise.all(options.etcd.map((endpoint) => TcpProxy.start(endpoint))));
    return links;
  }

  private constructor(trial: Trial) {
    this.#trial = trial;
  }

  /** Where replica n reaches etcd's members; undefined = straight. */
  store(n: number): readonly string[] | undefined {
    return this.#proxies.store[n]?.map(({ endpoint }) => endpoint);
  }

  /** Puts the proxies before replicas that will listen there: where agents find them, and how they find each other. */
  async surround(addresses: readonly string[], kinds: readonly LinkKind[]): Promise<Surroundings> {
    for (const kind of ['peers', 'agents'] as const) {
      if (!kinds.includes(kind)) continue;
      for (const address of addresses) this.#proxies[kind].push([await TcpProxy.start(address)]);
    }
    const front = (kind: LinkKind): (readonly [string, string])[] =>
      addresses.map((address, n) => [address, this.#proxies[kind][n]?.[0]?.endpoint ?? address]);
    const routes = Object.fromEntries(front('peers').map((pair) => pair.map(portOf) as [number, number]));
    const env = { NODE_OPTIONS: `--import ${reroute}`, MUSTER_REROUTE: JSON.stringify(routes) };
    return { servers: front('agents').map(([, endpoint]) => endpoint), ...(kinds.includes('peers') && { env }) };
  }

  /** How many connections of that kind went through proxies so far. */
  served(kind: LinkKind): number {
    return this.#proxies[kind].flat().reduce((sum, proxy) => sum + proxy.served, 0);
  }

  /** Connections are broken, new ones refused. */
  cut(kind: LinkKind, n: number, window: string): void {
    this.#trial.fault(`cut-from-${words[kind]}`, replicaName(n), window);
    for (const proxy of this.#of(kind, n)) proxy.refuse();
  }

  /** Nothing passes any more, and nobody is told. */
  silence(kind: LinkKind, n: number, window: string): void {
    this.#trial.fault(`silence-to-${words[kind]}`, replicaName(n), window);
    for (const proxy of this.#of(kind, n)) proxy.pause();
  }

  /** All that passes, each way, comes so much later. */
  slow(kind: LinkKind, n: number, ms: number, window: string): void {
    this.#trial.fault(`slow-to-${words[kind]}`, replicaName(n), window);
    for (const proxy of this.#of(kind, n)) proxy.delay(ms);
  }

  heal(kind: LinkKind, n: number): void {
    this.#trial.note(`the link of ${replicaName(n)} to ${words[kind]} is well again`);
    for (const proxy of this.#of(kind, n)) {
      proxy.delay(0);
      proxy.allow();
      proxy.resume();
    }
  }

  #of(kind: LinkKind, n: number): readonly TcpProxy[] {
    const proxies = this.#proxies[kind][n];
    if (proxies === undefined) throw new Error(`no proxy stands between ${replicaName(n)} and ${words[kind]}`);
    return proxies;
  }

  async #close(): Promise<void> {
    const all = Object.values(this.#proxies).flat(2);
    await Promise.all(all.map((proxy) => proxy.stop()));
  }
}

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));
