import { hostname } from 'node:os';
import { requireLoopback } from '../shared/address.ts';
import { address, duration, integer, oneOf, path, text } from '../shared/setting-types.ts';
import { defineSettings, type SettingsOf } from '../shared/settings.ts';

/** What `server/main.ts` can be told. */
export const replicaSettings = defineSettings('muster replica', {
  listen: {
    type: address(),
    default: '127.0.0.1:7500',
    doc: 'Where agents and clients connect. Loopback only, until connections are secured.',
  },
  http: { type: address(), default: '127.0.0.1:7501', doc: 'Where /metrics, /healthz and /readyz are served.' },
  store: {
    type: text('store'),
    default: 'embedded:/var/lib/muster/store',
    doc: 'embedded:FOLDER for a single replica, or etcd://HOST:PORT[,HOST:PORT…]/PREFIX for any number; etcds:// with TLS.',
  },
  storeCa: {
    type: path(),
    doc: 'PEM file of the authorities that etcd’s certificates must come from; for etcds://.',
  },
  storeCert: {
    type: path(),
    doc: 'PEM file of the certificate that this replica shows to etcd; for etcds://, with --store-key.',
  },
  storeKey: {
    type: path(),
    doc: 'PEM file of its private key.',
  },
  name: {
    type: text('name'),
    doc: 'Name of the replica, unique among those that share a store. The host name where not given.',
  },
  leaseTermMs: {
    type: duration({ min: 2000, max: 600_000 }),
    default: '10s',
    doc: 'Another replica takes over this long after a crash.',
  },
  heartbeatMs: {
    type: duration({ min: 0, max: 3_600_000 }),
    default: '60s',
    doc: 'How often agents report their load; 0ms = never. Whether they live is seen by keepalive.',
  },
  keepaliveIntervalMs: {
    type: duration({ min: 1000, max: 3_600_000 }),
    default: '20s',
    doc: 'HTTP/2 pings go to agents and clients so often.',
  },
  keepaliveTimeoutMs: {
    type: duration({ min: 100, max: 600_000 }),
    default: '10s',
    doc: 'A ping without an answer for so long ends the connection.',
  },
  admitRate: {
    type: integer({ min: 1, max: 100_000 }),
    default: '500',
    doc: 'So many agents are let in a second, twice as many at once after a pause; others are told when to come back.',
  },
  drainTimeoutMs: {
    type: duration({ max: 600_000 }),
    default: '10s',
    doc: 'How long a stop waits for agents and calls to go.',
  },
  retentionMs: {
    type: duration({ min: 1000, max: 3650 * 86_400_000 }),
    default: '7d',
    doc: 'A job is forgotten so long after it closed, with all its results; later where some of its results are not in yet.',
  },
  forgetNodesAfterMs: {
    type: duration({ max: 3650 * 86_400_000 }),
    default: '0ms',
    doc: 'A node that no replica has held for so long is removed from the inventory; 0ms = never.',
  },
  logLevel: {
    type: oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent'),
    default: 'info',
    doc: 'What is logged, on stderr, as JSON lines.',
  },
});

export interface ReplicaSettings extends SettingsOf<typeof replicaSettings> {
  readonly name: string;
}

/** Reads and checks the settings. Throws MusterError INVALID_FIELD naming the flag or variable at fault. */
export function parseReplicaSettings(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ReplicaSettings {
  const values = replicaSettings.parse(argv, env);
  requireLoopback('--listen', values.listen);
  requireLoopback('--http', values.http);
  return { ...values, name: values.name ?? hostname().toLowerCase() };
}
