import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../tools/free-port.ts';
import { etcdctl, findEtcd } from './etcd-binary.ts';
import { quickFlags, startEtcdProcess } from './etcd-member.ts';

export interface EtcdServer {
  /** `host:port` for clients; the same after a restart. */
  readonly endpoint: string;
  readonly dataDir: string;
  /** Ends it for good, and removes the data folder if `startEtcd` made it. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again on the same data and port; kills it first where it still runs. */
  restart(): Promise<void>;
  /** SIGSTOP: accepts connections, answers nothing. */
  pause(): void;
  resume(): void;
  /** Kills it, removes all its data, starts it again. */
  wipe(): Promise<void>;
  /** Saves what it holds now into a file. */
  saveSnapshot(file: string): Promise<void>;
  /** Kills it, puts what the file holds in the place of its data, starts it again. */
  restoreSnapshot(file: string): Promise<void>;
  /** Compacts all history up to now. */
  compact(): Promise<void>;
  /** Makes room again where the quota was reached: compacts, defragments, disarms the alarm. */
  makeRoom(): Promise<void>;
}

export interface StartEtcdOptions {
  /** A folder of its own, removed by `stop`, where it is left out. */
  readonly dataDir?: string;
  /** More flags of etcd, without their dashes; `quota-backend-bytes` for one that gets full. */
  readonly flags?: Readonly<Record<string, string>>;
}

/** Starts one etcd member on loopback ports of its own. It ends with this process, however that ends. */
export async function startEtcd({ dataDir, flags = {} }: StartEtcdOptions = {}): Promise<EtcdServer> {
  const binary = findEtcd();
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'muster-etcd-'));
  const [clientPort, peerPort] = [await freePort(), await freePort()];
  const endpoint = `127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  const ctl = (...args: string[]): Promise<string> => etcdctl([`--endpoints=${endpoint}`, ...args]);
  const start = () =>
    startEtcdProcess(binary, { ...memberFlags(folder, endpoint, peer), ...flags }, `http://${endpoint}`);
  let member = await start();
  const emptied = async (): Promise<void> => {
    await member.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  const compact = async (): Promise<void> => {
    const [status] = JSON.parse(await ctl('endpoint', 'status', '-w', 'json')) as EndpointStatus[];
    await ctl('compact', `${status?.Status.header.revision}`);
  };
  return {
    endpoint,
    dataDir: folder,
    async stop() {
      await member.kill();
      if (dataDir === undefined) rmSync(folder, { recursive: true, force: true });
    },
    kill: () => member.kill(),
    async restart() {
      await member.kill();
      member = await start();
    },
    pause: () => member.signal('SIGSTOP'),
    resume: () => member.signal('SIGCONT'),
    async wipe() {
      await emptied();
      member = await start();
    },
    async saveSnapshot(file) {
      await ctl('snapshot', 'save', file);
    },
    async restoreSnapshot(file) {
      await emptied();
      const place = [`--data-dir=${folder}`, '--name=test', `--initial-cluster=test=${peer}`];
      await etcdctl(['snapshot', 'restore', file, ...place, `--initial-advertise-peer-urls=${peer}`]);
      member = await start();
    },
    compact,
    async makeRoom() {
      await compact();
      await ctl('defrag');
      await ctl('alarm', 'disarm');
    },
  };
}

/** What `etcdctl endpoint status -w json` says of each endpoint. */
export interface EndpointStatus {
  readonly Status: { readonly header: { readonly revision: number } };
}

function memberFlags(dataDir: string, endpoint: string, peer: string): Record<string, string> {
  const client = `http://${endpoint}`;
  return {
    name: 'test',
    'data-dir': dataDir,
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `test=${peer}`,
    ...quickFlags,
  };
}
