import { requireLoopback } from '../../shared/address.ts';
import { address, bytes, duration, integer, listOf, oneOf, pairs, path, text } from '../../shared/setting-types.ts';
import { defineSettings, type SettingsOf } from '../../shared/settings.ts';

/** What `agent/simulated/main.ts` can be told. */
export const simulatedSettings = defineSettings('simulated agents', {
  servers: { type: listOf(address()), required: true, flag: 'server', doc: 'Replicas to dial, loopback only.' },
  count: { type: integer({ min: 1, max: 100_000 }), default: '100', doc: 'How many agents.' },
  namePrefix: { type: text('prefix'), default: 'sim', doc: 'Agents are called prefix-0, prefix-1, …' },
  labels: { type: pairs(), default: '', flag: 'label', doc: 'Labels of every agent.' },
  delayMs: {
    type: duration({ max: 3_600_000 }),
    default: '0',
    doc: 'How long every execution runs, unless its order says (`simulate delay=5s output=64KiB every=100ms exit=3 failing=10`).',
  },
  outputBytes: {
    type: bytes({ max: 2 ** 40 }),
    default: '0',
    flag: 'output',
    doc: 'What every execution writes to standard output.',
  },
  outputEveryMs: {
    type: duration({ max: 3_600_000 }),
    default: '0',
    doc: 'The output comes in equal pieces, one each time so long has passed, over the time an execution runs; 0 = at its start.',
  },
  seed: {
    type: text('seed'),
    doc: 'Of the output: bytes that belong to seed, execution and offset. Lines where not given.',
  },
  history: {
    type: path(),
    doc: 'File to append what happens to, as lines of JSON: start and end of executions, live and over of sessions.',
  },
  dialTimeoutMs: {
    type: duration({ min: 100 }),
    default: '60s',
    doc: 'A server that does not answer is given up after this.',
  },
  keepaliveIntervalMs: {
    type: duration({ min: 1000 }),
    default: '15s',
    doc: 'HTTP/2 pings go to the replica so often.',
  },
  keepaliveTimeoutMs: {
    type: duration({ min: 100 }),
    default: '10s',
    doc: 'A ping without an answer for so long ends the connection.',
  },
  welcomeTimeoutMs: {
    type: duration({ min: 100 }),
    default: '60s',
    doc: 'A replica that does not open the session is given up after this.',
  },
  reconnectBaseMs: {
    type: duration({ min: 1 }),
    default: '500ms',
    doc: 'Waits between sessions are random, between 0 and this, doubled with each failure.',
  },
  reconnectCapMs: { type: duration({ min: 1 }), default: '30s', doc: 'The longest such wait.' },
  logLevel: { type: oneOf('info', 'warn', 'error', 'silent'), default: 'warn', doc: 'What is logged, on stderr.' },
});

export function parseSimulatedSettings(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): SettingsOf<typeof simulatedSettings> {
  const values = simulatedSettings.parse(argv, env);
  for (const server of values.servers) requireLoopback('--server', server);
  return values;
}
