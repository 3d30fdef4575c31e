import { chownSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionId } from '../../shared/ids.ts';
import type { ValidOrder } from '../../shared/order.ts';
import { commandEnvironment } from '../sandbox/environment.ts';
import type { HostUser } from '../sandbox/run-as.ts';
import { defaultBound } from '../spool/bound.ts';
import { launchScripts } from '../supervisor/launch-script.ts';
import type { ExecutionPorts } from './ports.ts';

/** Where an execution that may have begun has its output: the folder's own witness, should the journal be lost. */
export interface Place {
  readonly spool: string;
  /** Hex. */
  readonly nonce: string;
  readonly cgroup: string | undefined;
}

/** Writes down all that the supervisor and the command need. Throws where the disk does not take it. */
export function prepare(options: {
  readonly id: ExecutionId;
  readonly order: ValidOrder;
  readonly traceparent: string;
  readonly user: HostUser | undefined;
  readonly place: Place;
  readonly ports: ExecutionPorts;
}): void {
  const { id, order, traceparent, user, place, ports } = options;
  const { folders, settings, environment: agent, nodeName } = ports;
  const folder = folders.execution(id);
  const spool = folders.spool(place.spool);
  const stdin = join(folder, 'stdin');
  const withStdin = existsSync(stdin);
  const environment = commandEnvironment({
    agent,
    allowList: settings.environmentAllowList,
    order: order.command.env,
    user,
    execution: id,
    nodeName,
    traceparent,
  });
  const { launch, task } = launchScripts({
    folder,
    command: order.command,
    workingDirectory: order.command.workingDirectory || folders.work,
    environment,
    stdin: withStdin ? stdin : undefined,
    user,
  });
  const { outputBoundBytes: bytes, outputPolicy: policy } = order.limits;
  // A spool without the file keeps the default bound; each file less is part of a millisecond before the start.
  if (bytes !== defaultBound.bytes || policy !== defaultBound.policy) {
    writeFileSync(join(spool, 'bound'), `${bytes}\n${policy}\n`);
  }
  if (user !== undefined) {
    for (const name of ['out.fifo', 'err.fifo']) chownSync(join(spool, name), user.uid, user.gid);
    if (withStdin) chownSync(stdin, user.uid, user.gid);
    if (task !== undefined) {
      writeFileSync(join(folder, 'task'), task, { mode: 0o400 });
      chownSync(join(folder, 'task'), user.uid, user.gid);
    }
  }
  // Root-only: whoever knows the nonce could end a stream early. `readPlace` reads the first line.
  const witness = `# ${place.spool} ${place.nonce} ${place.cgroup ?? '-'}\n`;
  writeFileSync(join(folder, 'launch'), `${witness}${launch}`, { mode: 0o600 });
}
