import { hostname } from 'node:os';
import { requireLoopback } from '../shared/address.ts';
import { invalidField } from '../shared/errors.ts';
import { isNodeName } from '../shared/ids.ts';
import { validateFacts, validateLabels } from '../shared/selector/labels.ts';
import { address, bytes, duration, integer, listOf, oneOf, pairs, path, text } from '../shared/setting-types.ts';
import { defineSettings, type SettingsOf } from '../shared/settings.ts';

/** What `agent/main.ts` can be told. */
export const agentSettings = defineSettings('muster agent', {
  servers: {
    type: listOf(address()),
    required: true,
    flag: 'server',
    doc: 'Replicas to dial, tried in random order. Loopback only, until connections are secured.',
  },
  name: { type: text('name'), doc: 'Name of the node: 1 to 253 of [a-z0-9.-]. The host name where not given.' },
  stateDir: {
    type: path(),
    default: '/var/lib/muster/agent',
    doc: 'Folder of the node’s identity, journal and output. Of one agent only.',
  },
  labels: {
    type: pairs(),
    default: '',
    flag: 'label',
    doc: 'Labels of the node, at most 64; granted when it registers first.',
  },
  facts: { type: pairs(), default: '', flag: 'fact', doc: 'Facts beside those that the agent finds out, at most 100.' },
  containment: {
    type: oneOf('auto', 'cgroup', 'marker'),
    default: 'auto',
    doc: 'How processes of an execution are kept together: by cgroup, by a mark in their environment, or as the host allows.',
  },
  environmentAllowList: {
    type: listOf(text('name')),
    default: 'PATH,HOME,USER,LOGNAME,SHELL,LANG,LC_ALL,TZ,TMPDIR',
    flag: 'environment-allow',
    doc: 'Variables of the agent’s own environment that commands inherit.',
  },
  maxOutputBoundBytes: {
    type: bytes({ min: 1024 * 1024 }),
    default: '4GiB',
    doc: 'An order may raise the bound of an execution’s kept output up to this, for each stream.',
  },
  signing: {
    type: oneOf('optional', 'require'),
    default: 'optional',
    doc: 'Whether orders must be signed by a key of the trust file to run here; with optional nobody looks at signatures.',
  },
  trustFile: {
    type: path(),
    doc: 'Whose orders may run here: `key ed25519:… who` lines. Root’s, or of the agent’s user, and writable by nobody else.',
  },
  hostLabelsFile: {
    type: path(),
    doc: 'Labels that this host holds itself, `name=value` lines: by them it judges the selector of an order. Owned as the trust file.',
  },
  policyFile: {
    type: path(),
    doc: 'What orders may do here at most: docs/signing.md has its lines. Owned as the trust file.',
  },
  warmSupervisors: {
    type: integer({ min: 0, max: 16 }),
    default: '2',
    doc: 'Supervisors kept ready ahead of need.',
  },
  dialTimeoutMs: {
    type: duration({ min: 100, max: 600_000 }),
    default: '10s',
    doc: 'A server that does not answer is given up after this.',
  },
  welcomeTimeoutMs: {
    type: duration({ min: 100, max: 600_000 }),
    default: '30s',
    doc: 'A replica that does not open the session is given up after this.',
  },
  drainTimeoutMs: {
    type: duration({ max: 600_000 }),
    default: '5s',
    doc: 'How long a session that ends may take to say what is queued.',
  },
  keepaliveIntervalMs: {
    type: duration({ min: 1000, max: 3_600_000 }),
    default: '15s',
    doc: 'HTTP/2 pings go to the replica so often; with the next setting, how soon a replica that hangs is left for another.',
  },
  keepaliveTimeoutMs: {
    type: duration({ min: 100, max: 600_000 }),
    default: '10s',
    doc: 'A ping without an answer for so long ends the connection.',
  },
  reconnectBaseMs: {
    type: duration({ min: 1, max: 600_000 }),
    default: '500ms',
    doc: 'Waits between sessions are random, between 0 and this, doubled with each failure.',
  },
  reconnectCapMs: { type: duration({ min: 1, max: 3_600_000 }), default: '30s', doc: 'The longest such wait.' },
  logLevel: {
    type: oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent'),
    default: 'info',
    doc: 'What is logged, on stderr, as JSON lines.',
  },
});

export interface AgentSettings extends SettingsOf<typeof agentSettings> {
  readonly name: string;
}

const maxCustomFacts = 100;

/** Reads and checks the settings. Throws MusterError INVALID_FIELD naming the flag or variable at fault. */
export function parseAgentSettings(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): AgentSettings {
  const values = agentSettings.parse(argv, env);
  if (values.servers.length === 0) throw invalidField('--server', 'at least one is needed');
  for (const server of values.servers) requireLoopback('--server', server);
  const name = values.name ?? hostname().toLowerCase();
  if (!isNodeName(name)) {
    const source = values.name === undefined ? 'the host name, since none is given: ' : '';
    throw invalidField(
      '--name',
      `${source}${JSON.stringify(name)} is not 1 to 253 of [a-z0-9.-], letter or digit at both ends`,
    );
  }
  validateLabels(values.labels, '--label');
  if (values.facts.size > maxCustomFacts)
    throw invalidField('--fact', `at most ${maxCustomFacts}, not ${values.facts.size}`);
  validateFacts(values.facts, '--fact');
  return { ...values, name };
}
