// What the platform takes for the parts that a command is made of: a bare spawn, a bare fsync, a bare commit in each store.
import { spawn } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { serveAsks } from '../harness/asks.ts';
import { BareEtcd } from './bare-etcd.ts';
import { BareSqlite } from './bare-sqlite.ts';
import { inFlight } from './in-flight.ts';

const recordBytes = 512;

/** From the call of spawn to the end of the process; ms. */
function runTrue(): Promise<number> {
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn('true', { stdio: 'ignore' });
    child.on('error', reject);
    child.on('exit', () => resolve(performance.now() - begin));
  });
}

/** Appends a record and makes it durable, again and again; ms of each. */
function appendDurably(folder: string, count: number): number[] {
  const file = openSync(join(folder, 'appended'), 'a', 0o600);
  const record = Buffer.alloc(recordBytes, 'record ');
  const durations = Array.from({ length: count }, () => {
    const begin = performance.now();
    writeSync(file, record);
    fdatasyncSync(file);
    return performance.now() - begin;
  });
  closeSync(file);
  return durations;
}

let sqlite: BareSqlite | undefined;
let etcd: BareEtcd | undefined;

interface Puts {
  readonly driver: 'embedded' | 'etcd';
  readonly transactions: number;
  readonly putsEach: number;
  readonly concurrency: number;
}

serveAsks({
  'open-sqlite': (folder: string) => {
    sqlite = new BareSqlite(folder);
  },
  'open-etcd': (endpoint: string) => {
    etcd = new BareEtcd(endpoint);
  },
  spawn: ({ count, concurrency }: { count: number; concurrency: number }) => inFlight(count, concurrency, runTrue),
  fsync: ({ folder, count }: { folder: string; count: number }) => appendDurably(folder, count),
  /** ms of each transaction, and of all of them. */
  puts: async ({ driver, transactions, putsEach, concurrency }: Puts) => {
    const store = driver === 'etcd' ? etcd : sqlite;
    if (store === undefined) throw new Error(`${driver} is not open`);
    return inFlight(transactions, concurrency, async (n) => {
      const begin = performance.now();
      await store.put(n, putsEach);
      return performance.now() - begin;
    });
  },
});
