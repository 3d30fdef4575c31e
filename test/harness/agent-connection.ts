import { setTimeout as pause } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import { Connection, type ConnectionOptions } from '../../agent/connection.ts';
import type { Epoch, EpochStore } from '../../agent/session/epoch.ts';
import { MemoryReader } from '../../agent/simulated/memory-reader.ts';
import { systemClock } from '../../shared/time.ts';
import { type FakeExecutor, testUid } from './fake-executor.ts';

export const silent = pino({ level: 'silent' });

export class MemoryEpochs implements EpochStore {
  highest: Epoch | undefined;
  raise(epoch: Epoch): void {
    this.highest = epoch;
  }
}

export const testSettings = {
  dialTimeoutMs: 10_000,
  welcomeTimeoutMs: 10_000,
  drainTimeoutMs: 10_000,
  keepaliveIntervalMs: 20_000,
  keepaliveTimeoutMs: 10_000,
  reconnectBaseMs: 1,
  reconnectCapMs: 20,
};

/** The agent's real connection around an executor of the test, begun. Close it. */
export function connect(
  servers: readonly string[],
  executor: FakeExecutor,
  more: Partial<Omit<ConnectionOptions, 'settings'>> & { settings?: Partial<ConnectionOptions['settings']> } = {},
): Connection {
  const connection = new Connection({
    servers,
    credentials: credentials.createInsecure(),
    executor,
    identity: {
      name: 'web-1',
      uid: testUid,
      bootId: 'boot',
      version: '0.0.0',
      labels: { role: 'web' },
      facts: { os: 'linux' },
      capabilities: [],
    },
    epochs: new MemoryEpochs(),
    clock: systemClock,
    log: silent,
    random: Math.random,
    ...more,
    settings: { ...testSettings, ...more.settings },
  });
  connection.start();
  return connection;
}

/** Opens readers of a finished stream of so many bytes, each byte its offset modulo 251. */
export function patternReader(lengthBytes: number, from = 0, over = true): () => MemoryReader {
  const pattern = Buffer.from(Array.from({ length: 251 * 400 }, (_, at) => at % 251));
  const whenMore = () => () => {};
  return () => new MemoryReader({ pattern, lengthBytes, over, whenMore }, from);
}

/** Waits for a condition that nothing announces. The cap is far beyond what anything here takes. */
export async function eventually(condition: () => boolean, what: string, capMs = 20_000): Promise<void> {
  const deadline = performance.now() + capMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await pause(2);
  }
}
