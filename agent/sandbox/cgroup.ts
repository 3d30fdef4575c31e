import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Containment } from './containment.ts';
import { signalEach } from './marker.ts';
import { type ProcessView, viewProcess } from './process-table.ts';

/**
 * Where this agent may make cgroups: a folder of its own in the unified hierarchy, at its root where the agent is root (so that
 * stopping the agent's service takes nothing along), else under the agent's own. `supervisors` below it is for supervisors.
 */
export interface CgroupBase {
  readonly path: string;
  readonly supervisors: string | undefined;
}

/** Makes and proves the base; undefined, with the reason, where there is no cgroup to be had. */
export function openCgroupBase(uid: string): CgroupBase | { readonly reason: string } {
  const mount = unifiedMount();
  if (mount === undefined) return { reason: 'no unified cgroup hierarchy is mounted' };
  const own = /^0::(.*)$/m.exec(readText('/proc/self/cgroup'))?.[1] ?? '/';
  const reasons: string[] = [];
  for (const parent of new Set([mount, join(mount, own)])) {
    const path = join(parent, `muster-${uid}`);
    try {
      return prove(path, parent === mount);
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  return { reason: reasons.join('; ') };
}

function prove(path: string, outside: boolean): CgroupBase {
  const supervisors = join(path, 'supervisors');
  const probe = join(path, `probe-${process.pid}`);
  mkdirSync(supervisors, { recursive: true });
  mkdirSync(probe, { recursive: true });
  try {
    writeFileSync(join(probe, 'cgroup.kill'), '1');
    // Writable to us, so that a process of ours can enter.
    writeFileSync(join(probe, 'cgroup.procs'), '');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  } finally {
    rmdirSync(probe);
  }
  return { path, supervisors: outside ? supervisors : undefined };
}

function unifiedMount(): string | undefined {
  for (const line of readText('/proc/self/mountinfo').split('\n')) {
    const [before, after] = line.split(' - ');
    if (after?.startsWith('cgroup2 ')) return before?.split(' ')[4]?.replaceAll('\\040', ' ');
  }
  return undefined;
}

/** Containment by a cgroup: every descendant is in it, whatever it does. */
export class Cgroup implements Containment {
  readonly kind = 'cgroup';
  readonly path: string;

  constructor(options: { path: string }) {
    this.path = options.path;
  }

  /** Throws where it can't be made. */
  static create(path: string): Cgroup {
    mkdirSync(path, { recursive: true });
    return new Cgroup({ path });
  }

  members(): ProcessView[] {
    return folders(this.path)
      .flatMap((folder) => readText(join(folder, 'cgroup.procs')).split('\n'))
      .map((line) => (line === '' ? undefined : viewProcess(Number(line))))
      .filter((view) => view !== undefined)
      .filter((view) => view.state !== 'Z' && view.state !== 'X');
  }

  signal(signal: number): number {
    if (signal !== 9) return signalEach(() => this.members(), signal);
    try {
      writeFileSync(join(this.path, 'cgroup.kill'), '1');
      return 0;
    } catch {
      return signalEach(() => this.members(), signal);
    }
  }

  cpuMs(): number {
    return Math.round(Number(/^usage_usec (\d+)$/m.exec(readText(join(this.path, 'cpu.stat')))?.[1] ?? 0) / 1000);
  }

  remove(): void {
    removeFolders(folders(this.path).reverse()).catch(() => undefined);
  }
}

/**
 * The kernel takes milliseconds for each, which nobody should wait for. Stops where one is not empty yet, or gone: the sweep at
 * the agent's next start has another go.
 */
async function removeFolders(paths: readonly string[]): Promise<void> {
  for (const path of paths) await rmdir(path);
}

/** The cgroup's folder and those that the command made below it, parents first. */
function folders(path: string): string[] {
  try {
    const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [path, ...below.flatMap((entry) => folders(join(path, entry.name)))];
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
