import type { JobUpdate__Output } from '../../../proto/gen/muster/peer/v1/JobUpdate.ts';
import type { MusterError } from '../../../shared/errors.ts';
import type { PeerLink } from '../../peers/peer-link.ts';
import type { JobProgress } from '../progress.ts';
import { JobMirror, type MirrorPorts } from './job-mirror.ts';

/** How long a coordinator may take to tell where its job stands, before the view goes without. */
const liveWithinMs = 2000;

/** Whom a view waits for: a coordinator within reach, or also one whose link may come up any moment. */
export type Patience = 'within-reach' | 'known';

/**
 * One open job as this replica sees it: fed by a run of this replica, or by a mirror while anybody follows it, whoever drives it and
 * whether anybody does.
 */
export class JobView {
  readonly progress: JobProgress;
  readonly #ports: MirrorPorts;
  readonly #unsubscribe: () => void;
  #followers = 0;
  #local = false;
  #mirror: JobMirror | undefined;
  /** The coordinator as last told. */
  #shown: string;
  /** Somebody has told what goes on, beyond what the store knew. */
  #told = false;
  /** Those who look again whether it is worth while to wait. */
  readonly #waiting = new Set<() => void>();
  #closed = false;

  /** `over` is called once the job is closed, or nobody tells of it any more. */
  constructor(options: { progress: JobProgress; ports: MirrorPorts; over: (view: JobView) => void }) {
    const { progress, ports, over } = options;
    this.progress = progress;
    this.#ports = ports;
    this.#shown = this.coordinator;
    this.#unsubscribe = progress.subscribe((change) => {
      if (change === 'job' && (progress.state === 'closed' || progress.failure)) over(this);
    });
  }

  /** A run of this replica feeds it. */
  get local(): boolean {
    return this.#local;
  }

  get followed(): boolean {
    return this.#followers > 0;
  }

  /** What is known here is what the coordinator knows. */
  get live(): boolean {
    return this.#local || this.#mirror?.live === true;
  }

  /** The replica that drives the job; empty = nobody does. */
  get coordinator(): string {
    const { replica, coordinators } = this.#ports;
    if (this.#local) return replica;
    return this.progress.state === 'closed' ? '' : (coordinators.of(this.progress.id)?.replica ?? '');
  }

  /** A run of this replica begins to feed it, with what `from` knows. */
  drive(from: JobProgress): void {
    if (from !== this.progress) this.progress.merge(from);
    this.#local = true;
    this.#mirror?.close();
    this.#mirror = undefined;
    this.#tell();
    this.#show();
  }

  /** No run of this replica feeds it any more. */
  leave(): void {
    this.#local = false;
    if (!this.followed) return;
    this.#reflect();
    this.#show();
  }

  /** Somebody follows it until the returned function is called, which says whether that was the last one. */
  hold(): () => boolean {
    this.#followers += 1;
    if (!this.#local && !this.#mirror) this.#reflect();
    return () => {
      this.#followers -= 1;
      return this.#followers === 0;
    };
  }

  /** Waits, within bounds, for what the coordinator has to tell, as long as there is one to wait for. */
  async whenTold(patience: Patience, signal: AbortSignal): Promise<void> {
    const late = this.#ports.clock.after(liveWithinMs, () => this.#tell());
    try {
      while (!this.#told && !this.#closed && this.#awaits(patience)) {
        signal.throwIfAborted();
        await this.#change(signal);
      }
    } finally {
      late.cancel();
    }
    signal.throwIfAborted();
  }

  /** The job has another coordinator, none, or is closed; or the links are others. */
  look(): void {
    this.#show();
    this.#mirror?.look();
    this.#wake();
  }

  update(link: PeerLink, update: JobUpdate__Output): void {
    this.#mirror?.update(link, update);
  }

  notHere(link: PeerLink): void {
    this.#mirror?.notHere(link);
  }

  linkDown(link: PeerLink): void {
    this.#mirror?.linkDown(link);
    this.#wake();
  }

  /** Who follows it is told why it ends. */
  fail(failure: MusterError): void {
    this.progress.fail(failure);
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#mirror?.close();
    this.#mirror = undefined;
    this.#wake();
  }

  #awaits(patience: Patience): boolean {
    const { coordinators, link, replica } = this.#ports;
    const at = coordinators.of(this.progress.id);
    if (this.#local || at === undefined) return false;
    // Claimed by this very replica, it begins in a moment.
    return patience === 'known' || at.replica === replica || link(at.replica) !== undefined;
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const changed = (): void => {
        signal.removeEventListener('abort', changed);
        this.#waiting.delete(changed);
        resolve();
      };
      signal.addEventListener('abort', changed, { once: true });
      this.#waiting.add(changed);
    });
  }

  #tell(): void {
    this.#told = true;
    this.#wake();
  }

  #wake(): void {
    for (const changed of [...this.#waiting]) changed();
  }

  #reflect(): void {
    this.#mirror = new JobMirror({ progress: this.progress, ports: this.#ports, live: () => this.#tell() });
    this.#mirror.look();
  }

  #show(): void {
    const { coordinator } = this;
    if (coordinator === this.#shown) return;
    this.#shown = coordinator;
    this.progress.touchJob();
  }
}
