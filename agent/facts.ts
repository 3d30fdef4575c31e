import { readFileSync } from 'node:fs';
import { arch, availableParallelism, hostname, platform, release, totalmem } from 'node:os';

/** `Hello` carries at most so many. */
export const maxFacts = 128;
const maxValueChars = 256;

export interface FactSources {
  /** Version of the agent. */
  readonly version: string;
  /** What running commands here is like, the containment among it. */
  readonly executor: Readonly<Record<string, string>>;
  /** What the host's owner says of it; wins. */
  readonly custom: ReadonlyMap<string, string>;
  /** Text of /etc/os-release; empty where there is none. */
  readonly osRelease: string;
}

/** What the agent reports about its host; selectable as `fact/<name>`. */
export function collectFacts({ version, executor, custom, osRelease }: FactSources): Record<string, string> {
  const release_ = parseOsRelease(osRelease);
  const found: [string, string | undefined][] = [
    ['os', platform()],
    ['arch', arch()],
    ['kernel', release()],
    ['hostname', hostname()],
    ['cpus', String(availableParallelism())],
    ['memory-bytes', String(totalmem())],
    ['agent-version', version],
    ['distro', release_.get('ID')],
    ['distro-version', release_.get('VERSION_ID')],
    ...Object.entries(executor),
    ...custom,
  ];
  const facts = new Map<string, string>();
  for (const [name, value] of found) if (value) facts.set(name, value.slice(0, maxValueChars));
  return Object.fromEntries([...facts].slice(-maxFacts));
}

/** `KEY=value` lines, as in os-release(5). */
export function parseOsRelease(text: string): Map<string, string> {
  const matches = text.matchAll(/^([A-Z_]+)=(["']?)(.*)\2$/gm);
  return new Map(Array.from(matches, ([, key, , value]) => [key as string, value as string]));
}

export function readOsRelease(): string {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      // The second one is where the first is missing; without both there is no such fact.
    }
  }
  return '';
}

/** The kernel's boot id; for recovery only, since containers share their host's. */
export const readBootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
