import type { JobOpened__Output } from '../../../proto/gen/muster/peer/v1/JobOpened.ts';
import type { NodeUid } from '../../../shared/ids.ts';
import type { NodeSession } from '../../fleet/node-session.ts';
import type { PeerLink } from '../../peers/peer-link.ts';
import type { JobProgress } from '../progress.ts';
import { isTerminal, type StateName } from '../states.ts';
import type { Hearing } from './hearing.ts';
import type { JobNodes } from './job-nodes.ts';
import type { Rollout } from './rollout.ts';

export interface JobAgentsOptions {
  readonly progress: JobProgress;
  readonly nodes: JobNodes;
  readonly hearing: Hearing;
  /** Asked once the run is being told of sessions, not before. */
  readonly rollout: () => Rollout;
  /** The target's result is in the store. */
  readonly isStored: (index: number) => boolean;
  /** An agent said so when its session opened. */
  readonly raise: (index: number, state: StateName) => void;
  /** Carries out what follows. */
  readonly step: () => void;
}

/** The agents of one run's targets: who is there, and what each has of the job when it comes. */
export class JobAgents {
  readonly #options: JobAgentsOptions;
  /** The session that each target was last seen in. */
  readonly #present = new Map<number, NodeSession>();
  /** To be asked for their present state, once that is allowed. */
  readonly #asks = new Set<number>();

  constructor(options: JobAgentsOptions) {
    this.#options = options;
    for (const index of options.progress.targets.keys()) {
      const session = this.of(index);
      if (session) this.#present.set(index, session);
    }
  }

  /** The session to speak to the target's agent through now; undefined = it is away. */
  of(index: number): NodeSession | undefined {
    const { progress, nodes } = this.#options;
    const target = progress.targets[index];
    return target && nodes.of(target.uid);
  }

  isAway(index: number): boolean {
    return !this.#present.has(index);
  }

  /** The job is an adopted one: asks every connected agent what it has of it. */
  ask(): void {
    const { progress, nodes, hearing } = this.#options;
    const rollout = this.#options.rollout();
    hearing.begin();
    for (const link of nodes.unanswered) hearing.awaits(link);
    for (const [index, session] of this.#present) {
      if (isTerminal(progress.stateAt(index)) || !rollout.mayHaveBeenOffered(index)) continue;
      // Of what the agent has, a Start only asks for the present state; anything else waits for its turn.
      if (session.holds(progress.executionAt(index))) this.#ask(index);
      else rollout.missing(index);
    }
  }

  /** Those to be asked now, each once. */
  *asks(): Generator<readonly [index: number, session: NodeSession]> {
    const { progress, hearing } = this.#options;
    const asks = [...this.#asks];
    this.#asks.clear();
    for (const index of asks) {
      const session = this.of(index);
      if (session?.holds(progress.executionAt(index))) yield [index, session];
      else {
        hearing.heard(index);
        // A Start that was dropped on its way: the agent that is there now never had it.
        if (session) this.#options.rollout().missing(index);
      }
    }
  }

  /** A session of the node opened or closed, here or elsewhere. */
  changed(uid: NodeUid): void {
    const { progress } = this.#options;
    const index = progress.indexOf(uid);
    if (index === undefined) return;
    const session = this.of(index);
    if (session === this.#present.get(index)) return;
    if (session) return this.#opened(index, session);
    this.gone(index);
    if (!isTerminal(progress.stateAt(index))) progress.touch(index);
  }

  /** The target's session is over, and there is no other. */
  gone(index: number): void {
    const { rollout, hearing } = this.#options;
    this.#present.delete(index);
    rollout().setAway(index, true);
    hearing.heard(index);
  }

  /** A holder says what its agents have of the job. */
  answered(link: PeerLink, opened: JobOpened__Output): void {
    const { progress, nodes, hearing, isStored, step } = this.#options;
    const listed = nodes.answered(link, opened);
    if (!listed) return;
    if (progress.targets.length < link.sessions.size) for (const { uid } of progress.targets) this.changed(uid);
    else for (const uid of link.sessions.keys()) this.changed(uid);
    for (const execution of listed) {
      const index = progress.indexOf(execution.split('/')[1] ?? '');
      if (index === undefined) continue;
      if (isStored(index)) this.#present.get(index)?.release([execution]);
      // Also one that is over and not in the store yet: its teller may be gone, and it is released when it is told again.
      else this.#ask(index);
    }
    hearing.heard(link);
    step();
  }

  linkDown(link: PeerLink): void {
    this.#options.nodes.linkDown(link);
    this.#options.hearing.heard(link);
  }

  #ask(index: number): void {
    this.#asks.add(index);
    this.#options.hearing.awaits(index);
  }

  #opened(index: number, session: NodeSession): void {
    const { progress, hearing, isStored, raise, step } = this.#options;
    const rollout = this.#options.rollout();
    this.#present.set(index, session);
    const execution = progress.executionAt(index);
    if (isTerminal(progress.stateAt(index))) {
      if (session.holds(execution) && isStored(index)) session.release([execution]);
      return;
    }
    const state = session.held(execution)?.state;
    if (state && !isTerminal(state)) raise(index, state);
    if (!session.holds(execution)) {
      hearing.heard(index);
      rollout.missing(index);
    }
    rollout.setAway(index, false);
    progress.touch(index);
    step();
  }
}
