import type { JobOpened__Output } from '../../../proto/gen/muster/peer/v1/JobOpened.ts';
import { type ExecutionId, executionId, type JobId, type NodeUid, parseExecutionId } from '../../../shared/ids.ts';
import type { SignedOrder } from '../../../shared/signing/order-signature.ts';
import { compareEpochs } from '../../fleet/epoch.ts';
import type { NodeSession } from '../../fleet/node-session.ts';
import type { Session } from '../../fleet/session.ts';
import type { PeerLink, RemoteSession } from '../../peers/peer-link.ts';
import type { Claim } from '../coordination/coordinator-fence.ts';
import { JobLink } from './job-link.ts';
import { RemoteNode } from './remote-node.ts';

/** Where sessions are found: those of this replica, and those that others hold. */
export interface SessionPorts {
  readonly local: (uid: NodeUid) => Session | undefined;
  /** Of the highest epoch over all live links. */
  readonly remote: (uid: NodeUid) => RemoteSession | undefined;
}

const attempt = 1;

/**
 * The sessions of one job's nodes, whoever holds them. A node that moves may have two for a moment: the one of the highest epoch
 * counts. One that is held elsewhere counts once its holder has said what its agent has of the job, so that a link opens the job
 * when the first of its nodes is met there.
 */
export class JobNodes {
  readonly #ports: SessionPorts;
  readonly #job: JobId;
  readonly #signed: SignedOrder;
  readonly #claim: () => Claim;
  readonly #fenced: () => boolean;
  readonly #fresh: boolean;
  readonly #links = new Map<PeerLink, JobLink>();
  readonly #nodes = new WeakMap<RemoteSession, RemoteNode>();
  /** Replicas on which this run has opened the job. */
  readonly #opened = new Set<string>();
  /** What holders said that agents have, whose session has not been told of yet. */
  readonly #early = new Map<PeerLink, Set<ExecutionId>>();
  #over = false;

  /** `fresh`: nobody drove the job before. */
  constructor(options: {
    ports: SessionPorts;
    job: JobId;
    signed: SignedOrder;
    claim: () => Claim;
    fenced: () => boolean;
    fresh: boolean;
  }) {
    this.#ports = options.ports;
    this.#job = options.job;
    this.#signed = options.signed;
    this.#claim = options.claim;
    this.#fenced = options.fenced;
    this.#fresh = options.fresh;
  }

  /** The session to speak to the node's agent through now; undefined = it is away. */
  of(uid: NodeUid): NodeSession | undefined {
    const local = this.#ports.local(uid);
    const here = local?.live ? local : undefined;
    const there = this.#ports.remote(uid);
    if (!there?.live || (here && compareEpochs(there.epoch, here.epoch) <= 0)) return here;
    const jobLink = this.#open(there.link);
    return jobLink?.answered ? this.#node(there, jobLink) : undefined;
  }

  /** Links on which the job is open and whose holders have not said yet what their agents have of it. */
  get unanswered(): PeerLink[] {
    return [...this.#links].flatMap(([link, { answered }]) => (answered ? [] : [link]));
  }

  /**
   * The holder says what its agents have of the job; once it has said it all, answers those of its executions that a session is known
   * of now.
   */
  answered(link: PeerLink, opened: JobOpened__Output): ExecutionId[] | undefined {
    const jobLink = this.#links.get(link);
    const executions = jobLink?.page(opened);
    if (!jobLink || !executions) return undefined;
    const early = new Set<ExecutionId>();
    const listed: ExecutionId[] = [];
    for (const execution of executions as ExecutionId[]) {
      const id = parseExecutionId(execution);
      if (id?.job !== this.#job || id.attempt !== attempt) continue;
      const session = link.sessions.get(id.node);
      if (session?.live) {
        this.#node(session, jobLink).listed(execution);
        listed.push(execution);
      } else early.add(execution);
    }
    this.#early.set(link, early);
    return listed;
  }

  /** Who brought an event over a link. Undefined where the job was never opened on it. */
  reporter(link: PeerLink, uid: NodeUid): NodeSession | undefined {
    const jobLink = this.#links.get(link);
    if (!jobLink) return undefined;
    const session = link.sessions.get(uid);
    return session?.live ? this.#node(session, jobLink) : new RemoteNode({ uid, session: undefined, jobLink });
  }

  linkDown(link: PeerLink): void {
    this.#links.delete(link);
    this.#early.delete(link);
  }

  /** Tells every holder that this run is over. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    for (const jobLink of this.#links.values()) jobLink.end();
  }

  #node(session: RemoteSession, jobLink: JobLink): RemoteNode {
    let node = this.#nodes.get(session);
    if (node) return node;
    node = new RemoteNode({ uid: session.uid, session, jobLink });
    this.#nodes.set(session, node);
    const execution = executionId(this.#job, session.uid, attempt);
    if (this.#early.get(session.link)?.delete(execution)) node.listed(execution);
    return node;
  }

  #open(link: PeerLink): JobLink | undefined {
    const open = this.#links.get(link);
    if (open || this.#over || !link.live) return open;
    const answered = this.#fresh && !this.#opened.has(link.replica);
    this.#opened.add(link.replica);
    const jobLink = new JobLink({
      ...{ link, job: this.#job, signed: this.#signed, claim: this.#claim },
      ...{ fenced: this.#fenced, answered },
    });
    this.#links.set(link, jobLink);
    return jobLink;
  }
}
