import type { ConnectRequest } from '../../proto/gen/muster/v1/ConnectRequest.ts';
import type { NodeUid } from '../../shared/ids.ts';
import type { KnownExecutionView } from '../executor.ts';
import type { Epoch } from './epoch.ts';

/** What the agent says of itself in every session. */
export interface AgentIdentity {
  readonly name: string;
  readonly uid: NodeUid;
  readonly bootId: string;
  readonly version: string;
  /** At most 64. */
  readonly labels: Readonly<Record<string, string>>;
  /** At most 128. */
  readonly facts: Readonly<Record<string, string>>;
  /** What it can do beyond version 1 of the protocol, at most 64. */
  readonly capabilities: readonly string[];
}

const executionsPerPage = 512;

/** The pages of `Hello`, at least one: the first says who the agent is, the last that it is the last. */
export function helloPages(
  identity: AgentIdentity,
  highestEpoch: Epoch | undefined,
  known: readonly KnownExecutionView[],
): ConnectRequest[] {
  const pages: ConnectRequest[] = [];
  let from = 0;
  do {
    const executions = known.slice(from, from + executionsPerPage).map(({ id, state, stdoutBytes, stderrBytes }) => ({
      execution: id,
      state,
      stdoutBytes,
      stderrBytes,
    }));
    from += executionsPerPage;
    const { name, uid, bootId, version, labels, facts, capabilities } = identity;
    const who = {
      name,
      uid,
      bootId,
      version,
      labels,
      facts,
      capabilities: [...capabilities],
      highestEpoch: highestEpoch ?? null,
    };
    pages.push({ hello: { ...(pages.length === 0 && who), executions, last: from >= known.length } });
  } while (from < known.length);
  return pages;
}
