import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../tools/free-port.ts';
import type { EndpointStatus } from './etcd.ts';
import { etcdctl, findEtcd } from './etcd-binary.ts';
import { type CertFiles, writeEtcdCerts } from './etcd-certs.ts';
import { type EtcdProcess, quickFlags, startEtcdProcess } from './etcd-member.ts';

/** One member of a cluster; it keeps its data and its ports. */
export interface EtcdMember {
  /** `host:port` for clients. */
  readonly endpoint: string;
  /** Where it says how it is, and serves its metrics, in plain HTTP: `http://host:port`. */
  readonly metricsUrl: string;
  kill(): Promise<void>;
  restart(): Promise<void>;
  pause(): void;
  resume(): void;
}

export interface EtcdCluster {
  readonly members: readonly EtcdMember[];
  /** `host:port` each. */
  readonly endpoints: readonly string[];
  /** For clients; where it was started with `tls`. */
  readonly certs: CertFiles | undefined;
  /** For `--store`. */
  storeUrl(prefix: string): string;
  /** What a replica must be told besides: `--store-ca` and its like. */
  readonly storeArgs: readonly string[];
  /** Compacts all history up to now. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

export interface EtcdClusterOptions {
  readonly members?: number;
  /** Between members, and between them and clients, with client certificates required. */
  readonly tls?: boolean;
  /** More flags of etcd, without their dashes. */
  readonly flags?: Readonly<Record<string, string>>;
}

/** Starts an etcd cluster on loopback ports of its own. It ends with this process, however that ends. */
export async function startEtcdCluster(options: EtcdClusterOptions = {}): Promise<EtcdCluster> {
  const { members: size = 3, tls = false, flags = {} } = options;
  const binary = findEtcd();
  const folder = mkdtempSync(join(tmpdir(), 'muster-etcd-cluster-'));
  const certs = tls ? await writeEtcdCerts(folder) : undefined;
  const scheme = tls ? 'https' : 'http';
  // Node refuses TLS to an address.
  const host = tls ? 'localhost' : '127.0.0.1';
  const places = await Promise.all(
    Array.from({ length: size }, async (_, n) => ({
      name: `m${n}`,
      client: await freePort(),
      peer: await freePort(),
      metrics: await freePort(),
    })),
  );
  const initial = places.map(({ name, peer }) => `${name}=${scheme}://${host}:${peer}`).join(',');
  const starting = places.map(async ({ name, client, peer, metrics }): Promise<EtcdMember> => {
    const metricsUrl = `http://127.0.0.1:${metrics}`;
    const memberFlags = {
      name,
      'data-dir': join(folder, name),
      'listen-client-urls': `${scheme}://127.0.0.1:${client}`,
      'advertise-client-urls': `${scheme}://${host}:${client}`,
      'listen-peer-urls': `${scheme}://127.0.0.1:${peer}`,
      'initial-advertise-peer-urls': `${scheme}://${host}:${peer}`,
      'listen-metrics-urls': metricsUrl,
      'initial-cluster': initial,
      ...quickFlags,
      ...(certs && tlsFlags(certs)),
      ...flags,
    };
    const start = (): Promise<EtcdProcess> => startEtcdProcess(binary, memberFlags, metricsUrl);
    let running = await start();
    return {
      endpoint: `${host}:${client}`,
      metricsUrl,
      kill: () => running.kill(),
      async restart() {
        await running.kill();
        running = await start();
      },
      pause: () => running.signal('SIGSTOP'),
      resume: () => running.signal('SIGCONT'),
    };
  });
  const members = await Promise.all(starting);
  const endpoints = members.map(({ endpoint }) => endpoint);
  return {
    members,
    endpoints,
    certs,
    storeUrl: (prefix) => `${tls ? 'etcds' : 'etcd'}://${endpoints.join(',')}/${prefix}`,
    storeArgs: certs ? ['--store-ca', certs.ca, '--store-cert', certs.cert, '--store-key', certs.key] : [],
    async compact() {
      const access = certs ? [`--cacert=${certs.ca}`, `--cert=${certs.cert}`, `--key=${certs.key}`] : [];
      const args = [`--endpoints=${endpoints.join(',')}`, ...access];
      const status = JSON.parse(await etcdctl([...args, 'endpoint', 'status', '-w', 'json'])) as EndpointStatus[];
      const revision = Math.max(...status.map(({ Status }) => Status.header.revision));
      await etcdctl([...args, 'compact', `${revision}`]);
    },
    async stop() {
      await Promise.all(members.map((member) => member.kill()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function tlsFlags({ ca, cert, key }: CertFiles): Record<string, string> {
  return {
    'cert-file': cert,
    'key-file': key,
    'trusted-ca-file': ca,
    'client-cert-auth': 'true',
    'peer-cert-file': cert,
    'peer-key-file': key,
    'peer-trusted-ca-file': ca,
    'peer-client-cert-auth': 'true',
  };
}
