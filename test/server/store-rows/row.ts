import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Offer } from '../../../agent/executor.ts';
import type { WatchEvent__Output } from '../../../proto/gen/muster/v1/WatchEvent.ts';
import { keys } from '../../../server/store/keys.ts';
import { openStore } from '../../../server/store/open.ts';
import type { Store } from '../../../server/store/store.ts';
import { values } from '../../../server/store/values.ts';
import { type ExecutionId, executionId, type JobId } from '../../../shared/ids.ts';
import { jobMethods } from '../../../shared/rpc/methods.ts';
import { silent } from '../../harness/agent-connection.ts';
import { type EtcdServer, startEtcd } from '../../harness/etcd.ts';
import { FakeExecutor } from '../../harness/fake-executor.ts';
import { TcpProxy } from '../../harness/tcp-proxy.ts';
import { type TestNode, TestReplica } from '../../harness/test-replica.ts';

export const termMs = 2000;

/** A replica on an etcd of its own that the test mistreats. */
export interface Row {
  readonly etcd: EtcdServer;
  /** Between the replica and etcd. */
  readonly proxy: TcpProxy;
  /** Another client of the same store. */
  readonly store: Store;
  readonly replica: TestReplica;
}

export async function startRow(t: TestContext, flags: Readonly<Record<string, string>> = {}): Promise<Row> {
  const etcd = await startEtcd({ flags });
  const proxy = await TcpProxy.start(etcd.endpoint);
  const store = await openStore({ store: `etcd://${etcd.endpoint}/row`, log: silent });
  const args = ['--lease-term', `${termMs}ms`, '--drain-timeout', '300ms'];
  const replica = await TestReplica.start({ store: `etcd://${proxy.endpoint}/row`, name: 'row', args });
  t.after(async () => {
    etcd.resume();
    await replica.close();
    await store.close();
    await proxy.stop();
    await etcd.stop();
  });
  return { etcd, proxy, store, replica };
}

/** As an agent with a journal: it starts an execution once, keeps how it ended beyond the release, and answers from that. */
export class JournalingExecutor extends FakeExecutor {
  readonly starts = new Map<ExecutionId, number>();
  readonly #ended = new Set<ExecutionId>();
  readonly #kept: boolean;

  constructor({ journal = true }: { journal?: boolean } = {}) {
    super();
    this.#kept = journal;
  }

  override offer(offer: Offer): void {
    super.offer(offer);
    const { execution } = offer;
    if (this.#kept && this.#ended.has(execution)) return this.succeed(execution);
    if (this.present(execution).length > 0) return;
    this.starts.set(execution, (this.starts.get(execution) ?? 0) + 1);
    this.accept(execution);
    this.emit({ execution, type: 'started', atUnixMs: Date.now(), pid: 1 });
  }

  finish(execution: ExecutionId): void {
    this.#ended.add(execution);
    this.succeed(execution);
  }

  get secondStarts(): number {
    return [...this.starts.values()].filter((count) => count > 1).length;
  }
}

export type RowNode = TestNode & { readonly executor: JournalingExecutor };

export const rowNode = (replica: TestReplica, name: string, executor = new JournalingExecutor()): Promise<RowNode> =>
  replica.node(name, {}, executor) as Promise<RowNode>;

export const executionOf = (job: string, node: TestNode): ExecutionId => executionId(job as JobId, node.uid, 1);

/** The epoch with which a replica holds the node, and the revision of the key that says so; undefined = it has no presence. */
export async function presenceOf(
  store: Store,
  node: TestNode,
): Promise<{ epoch: string; written: number } | undefined> {
  const entry = await store.get(keys.presence(node.uid));
  if (entry === undefined) return undefined;
  const { era, epochRevision } = values.presence.decode(entry.value);
  return { epoch: `${era}.${epochRevision || entry.modRevision}`, written: entry.modRevision };
}

/** A watch of the job that goes on until it ends; what it was told so far. */
export function follow(replica: TestReplica, jobId: string): { events: WatchEvent__Output[]; ended: Promise<void> } {
  const events: WatchEvent__Output[] = [];
  const ended = (async () => {
    for await (const { event } of replica.client.stream(jobMethods.Watch, { jobId }, { timeoutMs: 60_000 })) {
      if (event) events.push(event as WatchEvent__Output);
    }
  })();
  // Whoever awaits it is told; a test that failed before must not fail twice.
  ended.catch(() => undefined);
  return { events, ended };
}

/** Executions of which a watcher was told this state. */
export const toldOf = (events: readonly WatchEvent__Output[], state: string): Set<string> =>
  new Set(
    events.flatMap(({ executions }) =>
      (executions?.executions ?? []).filter((e) => e.state === state).map(({ id }) => id),
    ),
  );

/** The job's last state that a watcher was told. */
export const lastJob = (events: readonly WatchEvent__Output[]) =>
  events.findLast(({ job }) => job)?.job ?? assert.fail('nothing was said of the job');
