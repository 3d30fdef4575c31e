import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import { decodeOrder, type ValidOrder } from '../../shared/order.ts';
import type { JournalEntry } from '../journal/record.ts';
import { Cgroup } from '../sandbox/cgroup.ts';
import { resolveRunAs } from '../sandbox/run-as.ts';
import { receivedRecords } from './admission.ts';
import { Execution, type ExecutionOptions } from './execution.ts';
import type { ExecutionPorts } from './ports.ts';
import { results } from './results.ts';
import { readPlace } from './run-parts.ts';

export interface Recovered {
  /** To be followed. */
  readonly executions: readonly Execution[];
  readonly unreleased: ReadonlyMap<ExecutionId, ExecutionResult>;
}

/** Everything that the journal, and the folders beside it, hold from an earlier agent. */
export async function recover(ports: ExecutionPorts): Promise<Recovered> {
  const { journal, folders, log } = ports;
  const executions: Execution[] = [];
  const unreleased = new Map<ExecutionId, ExecutionResult>();
  const spools = new Set<string>();
  const cgroups = new Set<string>();
  const known = [...journal.entries.values()];
  for (const entry of known) {
    if (entry.spool) spools.add(entry.spool.folder);
    // Where STARTING was damaged the folder still says where its output lies.
    const place = entry.result ? undefined : (entry.starting ?? readPlace(folders.execution(entry.id)));
    if (place) {
      spools.add(place.spool);
      cgroups.add(place.spool);
    }
    if (entry.result === undefined) executions.push(await resume(entry, ports));
    else if (!entry.released) unreleased.set(entry.id, results.decode(entry.result));
  }
  for (const id of folders.ids()) {
    if (journal.get(id)) continue;
    if (folders.begun(id)) {
      // Rule 0: the second witness speaks where the journal is silent.
      log.error({ 'execution.id': id }, 'the journal does not explain this folder');
      const place = readPlace(folders.execution(id));
      if (place) {
        spools.add(place.spool);
        cgroups.add(place.spool);
      }
      executions.push(new Execution({ ...unexplained, id, turn: ports.lanes.nextTurn(), recovered: true, ports }));
    } else {
      // Made, and never journaled: nobody was promised anything.
      await folders.remove(id);
    }
  }
  removeStrays({ spools, cgroups }, ports);
  if (executions.length > 0) log.info({ executions: executions.length }, 'picking up what an earlier agent left');
  return { executions, unreleased };
}

const unexplained = { order: undefined, digest: '', acceptedUnixMs: 0, traceparent: '', user: undefined } as const;

async function resume(entry: JournalEntry, ports: ExecutionPorts): Promise<Execution> {
  const { id, digest, received } = entry;
  const turn = ports.lanes.nextTurn();
  if (received === undefined) return new Execution({ ...unexplained, id, digest, turn, recovered: true, ports });
  await ports.folders.create(id);
  const { order: bytes, traceparent, acceptedUnixMs } = receivedRecords.decode(received);
  let order: ValidOrder;
  try {
    order = decodeOrder(Buffer.from(bytes));
  } catch (err) {
    // Another version's bounds took it: one order must not keep the agent from all the others.
    ports.log.error({ err, 'execution.id': id }, 'an order in the journal can’t be read');
    return new Execution({ ...unexplained, id, digest, turn, recovered: true, ports });
  }
  const options: ExecutionOptions = {
    id,
    order,
    digest,
    acceptedUnixMs,
    traceparent,
    user: undefined,
    turn,
    recovered: true,
    ports,
  };
  if (order.command.runAs === '') return new Execution(options);
  const resolved = await resolveRunAs(order.command.runAs, process.getuid?.() ?? -1);
  if ('refusal' in resolved) return new Execution({ ...options, obstacle: `order.${resolved.refusal}` });
  return new Execution({ ...options, user: resolved.user });
}

/** What an earlier agent kept warm: its gates were closed when it ended, so it runs nothing and never will. */
function removeStrays(
  kept: { readonly spools: ReadonlySet<string>; readonly cgroups: ReadonlySet<string> },
  { folders, cgroups }: ExecutionPorts,
): void {
  for (const name of folders.spoolNames()) if (!kept.spools.has(name)) folders.removeSpool(name);
  if (cgroups === undefined) return;
  for (const entry of readdirSync(cgroups.path, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name === 'supervisors' || kept.cgroups.has(entry.name)) continue;
    const cgroup = new Cgroup({ path: join(cgroups.path, entry.name) });
    cgroup.signal(9);
    cgroup.remove();
  }
}
