import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findEtcd } from '../../test/harness/etcd-binary.ts';
import { quickFlags, startEtcdProcess } from '../../test/harness/etcd-member.ts';
import type { Trial } from '../trial.ts';

const clientPort = 2379;

/** A network of its own for etcd, reached over several links, each of which can swallow what is sent over it. Linux, as root. */
export class NetworkNamespace {
  readonly #trial: Trial;
  readonly #name: string;
  /** The first three numbers of all addresses. */
  readonly #subnet: string;

  /** Removed with the trial. Undefined, and the trial skipped with a word, where this user may not make one. */
  static async open(trial: Trial, links: number): Promise<NetworkNamespace | undefined> {
    // 198.18.0.0/15 is kept for tests of networks; what is taken of it shows when the link gets its address.
    const subnet = `198.${18 + trial.random.below(2)}.${trial.random.below(256)}`;
    const namespace = new NetworkNamespace(trial, `muster-${process.pid}`, subnet);
    const refused = namespace.#make(links);
    if (refused === undefined) return namespace;
    trial.skip(`no network namespaces here: ${refused}`);
    return undefined;
  }

  private constructor(trial: Trial, name: string, subnet: string) {
    this.#trial = trial;
    this.#name = name;
    this.#subnet = subnet;
  }

  /** A member within, on all links; where it is found over link n, as `host:port`. */
  async startEtcd(): Promise<(link: number) => string> {
    const folder = this.#trial.folder('etcd');
    const within = join(folder, 'etcd-within.sh');
    writeFileSync(within, `#!/bin/sh\nexec ip netns exec ${this.#name} ${findEtcd()} "$@"\n`);
    chmodSync(within, 0o755);
    const peer = 'http://127.0.0.1:2380';
    const flags = {
      ...{ name: 'test', 'data-dir': join(folder, 'data'), 'listen-client-urls': `http://0.0.0.0:${clientPort}` },
      ...{ 'advertise-client-urls': `http://${this.#address(0, 2)}:${clientPort}`, 'listen-peer-urls': peer },
      ...{ 'initial-advertise-peer-urls': peer, 'initial-cluster': `test=${peer}`, ...quickFlags },
    };
    const found = (link: number): string => `${this.#address(link, 2)}:${clientPort}`;
    const member = await startEtcdProcess(within, flags, `http://${found(0)}`);
    this.#trial.after(() => member.kill());
    return found;
  }

  /** Nothing passes over the link any more, and nobody is told. */
  async drop(link: number): Promise<void> {
    this.#must(['-n', this.#name, 'link', 'set', `far${link}`, 'down']);
  }

  async pass(link: number): Promise<void> {
    this.#must(['-n', this.#name, 'link', 'set', `far${link}`, 'up']);
  }

  /** Why not; undefined where it is there. */
  #make(links: number): string | undefined {
    const name = this.#name;
    const refused = ip(['netns', 'add', name]);
    if (refused !== undefined) return refused;
    this.#trial.after(() => this.#must(['netns', 'del', name]));
    const steps = [['-n', name, 'link', 'set', 'lo', 'up']];
    for (let link = 0; link < links; link += 1) {
      const near = `mn${process.pid}-${link}`;
      const far = `far${link}`;
      steps.push(
        ['link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', name],
        ['addr', 'add', `${this.#address(link, 1)}/30`, 'dev', near],
        ['link', 'set', near, 'up'],
        ['-n', name, 'addr', 'add', `${this.#address(link, 2)}/30`, 'dev', far],
        ['-n', name, 'link', 'set', far, 'up'],
      );
    }
    return steps.map(ip).find((step) => step !== undefined);
  }

  #address(link: number, side: 1 | 2): string {
    return `${this.#subnet}.${link * 4 + side}`;
  }

  #must(args: readonly string[]): void {
    const refused = ip(args);
    if (refused !== undefined) throw new Error(`ip ${args.join(' ')}: ${refused}`);
  }
}

/** Why `ip` with these arguments was refused; undefined where it was not. */
function ip(args: readonly string[]): string | undefined {
  const done = spawnSync('ip', args, { encoding: 'utf8' });
  if (done.status === 0) return undefined;
  return done.stderr?.trim() || `ip can’t be run (${done.error?.message ?? done.status})`;
}
