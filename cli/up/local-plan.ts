import { formatAddress, parseAddress } from '../../shared/address.ts';
import { UsageError } from '../usage-error.ts';
import { findProgram } from './find-program.ts';
import type { StateFolder } from './state-folder.ts';

/** A replica of a local cluster. */
export interface LocalReplica {
  readonly name: string;
  readonly listen: string;
  readonly http: string;
}

/** What a local cluster is made of, but for its nodes. */
export interface LocalPlan {
  readonly replicas: readonly LocalReplica[];
  /** What `--store` of each replica says. */
  readonly store: string;
  /** Where agents keep their state: one folder a store, since an agent remembers what its store told it. */
  readonly nodesFolder: string;
  /** The program and arguments of the store, where it is one. */
  readonly etcd: { readonly argv: readonly string[]; readonly endpoint: string } | undefined;
}

export interface LocalPlanOptions {
  readonly folder: Pick<StateFolder, 'path'>;
  readonly replicas: number;
  /** Of the first replica; each next one is ten ports on, and etcd after the last. */
  readonly listen: string;
  readonly http: string;
  /** Path or name of the program; found on PATH as `etcd` where not given. */
  readonly etcd: string | undefined;
  readonly path: string | undefined;
}

const portStep = 10;

/** Throws UsageError where there is no etcd, or ports run out. */
export function localPlan(options: LocalPlanOptions): LocalPlan {
  const { folder, listen, http } = options;
  if (options.replicas === 1) {
    if (options.etcd !== undefined)
      throw new UsageError('--etcd is for --replicas 2 and more: a single replica needs none');
    return {
      replicas: [{ name: 'local', listen, http }],
      store: `embedded:${folder.path('store')}`,
      nodesFolder: folder.path('nodes'),
      etcd: undefined,
    };
  }
  const replicas = Array.from({ length: options.replicas }, (_, at) => ({
    name: `replica-${at + 1}`,
    listen: portsOn(listen, at * portStep),
    http: portsOn(http, at * portStep),
  }));
  const etcd = etcdPlan(options, portsOn(listen, options.replicas * portStep));
  return { replicas, store: `etcd://${etcd.endpoint}/muster`, nodesFolder: folder.path('cluster', 'nodes'), etcd };
}

function etcdPlan({ folder, ...options }: LocalPlanOptions, endpoint: string): NonNullable<LocalPlan['etcd']> {
  const program = findProgram(options.etcd ?? 'etcd', options.path);
  if (program === undefined) {
    const missing =
      options.etcd === undefined
        ? 'several replicas share an etcd, and there is none on PATH'
        : `--etcd: ${options.etcd} is no program`;
    throw new UsageError(
      `${missing}: install it (on Debian and Ubuntu: sudo apt-get install etcd-server), or name one with --etcd PATH`,
    );
  }
  const [client, peer] = [`http://${endpoint}`, `http://${portsOn(endpoint, 1)}`];
  const flags = {
    name: 'local',
    'data-dir': folder.path('cluster', 'etcd'),
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `local=${peer}`,
    // Old revisions are of no use to anybody here.
    'auto-compaction-mode': 'periodic',
    'auto-compaction-retention': '1h',
  };
  return { argv: [program, ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)], endpoint };
}

function portsOn(address: string, more: number): string {
  const parsed = parseAddress(address);
  if (parsed === undefined || parsed.port === 0 || parsed.port + more > 65_535) {
    throw new UsageError(
      `${address}: the ports of the other replicas follow this one, so give one from 1 to ${65_535 - more}`,
    );
  }
  return formatAddress({ ...parsed, port: parsed.port + more });
}
