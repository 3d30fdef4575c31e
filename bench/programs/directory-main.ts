// A replica's view of all nodes: its directory, filled from the store as at the replica's start.
import { createHash } from 'node:crypto';
import { Directory } from '../../server/fleet/directory.ts';
import { DirectorySync } from '../../server/fleet/directory-sync.ts';
import { presenceValue } from '../../server/fleet/presences.ts';
import { keys } from '../../server/store/keys.ts';
import { openStore } from '../../server/store/open.ts';
import type { Operation, Store } from '../../server/store/store.ts';
import { nameValue, values } from '../../server/store/values.ts';
import type { NodeUid } from '../../shared/ids.ts';
import { createLog } from '../../shared/log.ts';
import { serveAsks } from '../harness/asks.ts';
import { heldBytes } from '../harness/held-bytes.ts';
import { inFlight } from '../raw/in-flight.ts';

const nodesEach = 25;
const log = createLog('directory', 'warn');
let store: Store | undefined;

/** As an agent reports itself: what hosts have in common, and what is each one's own. */
function writesOf(n: number): Operation[] {
  const uid = createHash('sha256').update(`node ${n}`).digest('hex').slice(0, 32) as NodeUid;
  const name = `web-${n}.eu-west-1.example.net`;
  const labels = {
    role: ['web', 'db', 'cache'][n % 3] ?? 'web',
    region: `eu-west-${n % 4}`,
    rack: `r${n % 200}`,
    env: 'production',
  };
  const facts = {
    ...{ os: 'linux', arch: 'x86_64', kernel: '6.1.0-28-amd64', distribution: 'debian 12', containment: 'cgroup' },
    ...{ cpus: String(2 ** (n % 6)), 'memory.mib': String(4096 * (1 + (n % 8))), hostname: name, shell: 'dash' },
    'boot.id': createHash('sha256').update(name).digest('hex').slice(0, 36),
  };
  const times = { registeredUnixMs: 1_700_000_000_000 + n, lastSeenUnixMs: 1_700_000_000_000 + 2 * n };
  const node = values.node.encode({ uid, name, labels, facts, cordoned: false, version: '0.1.0', ...times });
  return [
    { put: keys.node(uid), value: node },
    { put: keys.name(name), value: nameValue.encode(uid) },
    { put: keys.presence(uid), value: presenceValue(`replica-${n % 3}`, 1, 1000 + n) },
  ];
}

serveAsks({
  fill: async ({ setting, nodes }: { setting: string; nodes: number }) => {
    const opened = await openStore({ store: setting, log });
    store = opened;
    await inFlight(Math.ceil(nodes / nodesEach), 16, async (group) => {
      const begin = performance.now();
      const numbers = Array.from({ length: nodesEach }, (_, at) => (group - 1) * nodesEach + at).filter(
        (n) => n < nodes,
      );
      await opened.commit({ then: numbers.flatMap(writesOf) });
      return performance.now() - begin;
    });
  },
  view: async () => {
    if (store === undefined) throw new Error('not filled');
    const before = heldBytes();
    const begin = performance.now();
    const directory = new Directory();
    const sync = new DirectorySync({ store, directory, log });
    await sync.start();
    const elapsedMs = performance.now() - begin;
    const bytes = heldBytes() - before;
    const { size, connected } = directory;
    await sync.close();
    return { elapsedMs, bytes, size, connected };
  },
});
