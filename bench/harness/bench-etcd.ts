import { startEtcd } from '../../test/harness/etcd.ts';
import type { Bench } from './row.ts';

/** `host:port` of an etcd of the bench's own; undefined, having said so, where the machine has none. */
export async function startBenchEtcd(bench: Bench): Promise<string | undefined> {
  try {
    const etcd = await startEtcd({ dataDir: bench.folder('etcd') });
    bench.after(() => etcd.stop());
    return etcd.endpoint;
  } catch (error) {
    bench.say(`without etcd: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
