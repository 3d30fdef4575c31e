import type { Cancel } from '../../../proto/gen/muster/v1/Cancel.ts';
import type { Start } from '../../../proto/gen/muster/v1/Start.ts';
import type { ExecutionId, NodeUid } from '../../../shared/ids.ts';
import type { HeldExecution } from '../../fleet/hello.ts';
import type { NodeSession } from '../../fleet/node-session.ts';
import type { RemoteSession } from '../../peers/peer-link.ts';
import type { JobLink } from './job-link.ts';

/** A session that another replica holds, as one job uses it. */
export class RemoteNode implements NodeSession {
  readonly uid: NodeUid;
  /** The holder reads it from the store. */
  readonly input = undefined;
  readonly #session: RemoteSession | undefined;
  readonly #jobLink: JobLink;
  readonly #has: Set<ExecutionId>;

  /** Without a session it only takes releases: an event came ahead of the session's own frame, or behind it. */
  constructor(options: { uid: NodeUid; session: RemoteSession | undefined; jobLink: JobLink }) {
    this.uid = options.uid;
    this.#session = options.session;
    this.#jobLink = options.jobLink;
    this.#has = new Set(options.session?.executions.keys());
  }

  get live(): boolean {
    return this.#session ? this.#session.live : this.#jobLink.link.live;
  }

  held(execution: ExecutionId): HeldExecution | undefined {
    return this.#session?.executions.get(execution);
  }

  holds(execution: ExecutionId): boolean {
    return this.#has.has(execution);
  }

  /** The holder said that its agent has it, or was sent it. */
  listed(execution: ExecutionId): void {
    this.#has.add(execution);
  }

  start(execution: ExecutionId, { proof, traceparent }: Omit<Start, 'execution'>): void {
    this.#has.add(execution);
    this.#jobLink.offer({ execution, proof: proof ?? null, traceparent: traceparent ?? '' });
  }

  cancel(frame: Cancel): void {
    this.#jobLink.cancel(frame);
  }

  release(executions: readonly ExecutionId[], unknownJob = false): void {
    for (const execution of executions) this.#has.delete(execution);
    this.#jobLink.release(executions, unknownJob);
  }
}
