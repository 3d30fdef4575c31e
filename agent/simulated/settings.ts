import { requireLoopback } from '../../shared/address.ts';
import { address, bytes, duration, integer, listOf, oneOf, pairs, text } from '../../shared/setting-types.ts';
import { defineSettings, type SettingsOf } from '../../shared/settings.ts';

/** What `agent/simulated/main.ts` can be told. */
export const simulatedSettings = defineSettings('simulated agents', {
  servers: { type: listOf(address()), required: true, flag: 'server', doc: 'Replicas to dial, loopback only.' },
  count: { type: integer({ min: 1, max: 100_000 }), default: '100', doc: 'How many agents.' },
  namePrefix: { type: text('prefix'), default: 'sim', doc: 'Agents are called prefix-0, prefix-1, …' },
  labels: { type: pairs(), default: '', flag: 'label', doc: 'Labels of every agent.' },
  delayMs: { type: duration({ max: 3_600_000 }), default: '0', doc: 'How long every execution runs.' },
  outputBytes: {
    type: bytes({ max: 2 ** 40 }),
    default: '0',
    flag: 'output',
    doc: 'What every execution writes to standard output.',
  },
  dialTimeoutMs: {
    type: duration({ min: 100 }),
    default: '60s',
    doc: 'A server that does not answer is given up after this.',
  },
  keepaliveIntervalMs: {
    type: duration({ min: 1000 }),
    default: '20s',
    doc: 'HTTP/2 pings go to the replica so often.',
  },
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
