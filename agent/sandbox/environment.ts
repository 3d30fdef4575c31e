import { type ExecutionId, parseExecutionId } from '../../shared/ids.ts';
import { markName } from './marker.ts';
import type { HostUser } from './run-as.ts';

/**
 * The environment of a command: what the allow-list takes from the agent's own, the run-as user's identity, the order's entries,
 * and last, not to be overridden, what says which execution this is.
 */
export function commandEnvironment(options: {
  readonly agent: Readonly<Record<string, string | undefined>>;
  readonly allowList: readonly string[];
  readonly order: ReadonlyMap<string, string>;
  readonly user: HostUser | undefined;
  readonly execution: ExecutionId;
  readonly nodeName: string;
  /** W3C traceparent; empty = not traced. */
  readonly traceparent: string;
}): ReadonlyMap<string, string> {
  const { agent, allowList, order, user, execution, nodeName, traceparent } = options;
  const entries = new Map<string, string>([['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']]);
  for (const name of allowList) {
    const value = agent[name];
    if (value !== undefined) entries.set(name, value);
  }
  if (user !== undefined) {
    entries.set('HOME', user.home).set('USER', user.name).set('LOGNAME', user.name).set('SHELL', user.shell);
  }
  for (const [name, value] of order) entries.set(name, value);
  const parts = parseExecutionId(execution);
  entries.set('MUSTER_JOB', parts?.job ?? '').set('MUSTER_ATTEMPT', String(parts?.attempt ?? ''));
  entries.set('MUSTER_NODE', nodeName).set('MUSTER_NODE_UID', parts?.node ?? '');
  if (traceparent !== '') entries.set('TRACEPARENT', traceparent);
  return entries.set(markName, execution);
}
