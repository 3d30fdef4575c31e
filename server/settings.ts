import { hostname } from 'node:os';
import { requireLoopback } from '../shared/address.ts';
import { address, duration, oneOf, text } from '../shared/setting-types.ts';
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
    doc: 'embedded:FOLDER for a single replica, or etcd://HOST:PORT[,HOST:PORT…]/PREFIX for any number.',
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
  drainTimeoutMs: {
    type: duration({ max: 600_000 }),
    default: '10s',
    doc: 'How long a stop waits for agents and calls to go.',
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
