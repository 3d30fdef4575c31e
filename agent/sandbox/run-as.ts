import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { execa } from 'execa';

/** A user of this host. */
export interface HostUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** Whom to run as, or why not. */
export type RunAs = { readonly user: HostUser | undefined } | { readonly refusal: string };

/**
 * Decides whom a command runs as; `user: undefined` = the agent's own user. Looks the user up where the host does (`getent`, so
 * that directory services count), else in /etc/passwd.
 */
export async function resolveRunAs(name: string, agentUid: number): Promise<RunAs> {
  if (name === '') return { user: undefined };
  const user = await lookUpUser(name);
  if (user === undefined) return { refusal: `command.run_as: there is no user ${JSON.stringify(name)} on this node` };
  if (user.uid === agentUid) return { user: undefined };
  if (agentUid === 0) return { user };
  return { refusal: `command.run_as: the agent runs as ${userInfo().username}, not root, so it can't run as ${name}` };
}

async function lookUpUser(name: string): Promise<HostUser | undefined> {
  const found = await execa('getent', ['passwd', '--', name], { reject: false, stdin: 'ignore', timeout: 10_000 });
  if (found.exitCode === 0) return parseLine(found.stdout);
  if (found.exitCode !== undefined) return undefined;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  return lines.map(parseLine).find((user) => user?.name === name || String(user?.uid) === name);
}

function parseLine(line: string): HostUser | undefined {
  const [name, , uid, gid, , home, shell] = line.trim().split(':');
  if (name === undefined || home === undefined || !/^\d+$/.test(uid ?? '') || !/^\d+$/.test(gid ?? ''))
    return undefined;
  return { name, uid: Number(uid), gid: Number(gid), home, shell: shell || '/bin/sh' };
}
