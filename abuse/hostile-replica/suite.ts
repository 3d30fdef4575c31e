import { join } from 'node:path';
import { parseExecutionId } from '../../shared/ids.ts';
import { Random } from '../../test/crash/random.ts';
import { attacks, genuine, type Offer, type Target } from './attacks.ts';
import { Host } from './host.ts';
import { switches } from './switches.ts';

export interface HostileOptions {
  readonly folder: string;
  readonly seed: number;
  /** How many mutations, over all kinds of attack. */
  readonly mutations: number;
  readonly say: (text: string) => void;
}

export interface HostileOutcome {
  /** Offers that must not run, by kind. */
  readonly tried: ReadonlyMap<string, number>;
  /** Genuine offers beside them. */
  readonly twins: number;
  /** What ran or was taken though it must not, or did not run though it must; a sentence each. */
  readonly problems: readonly string[];
}

/** So many mutations, then a twin, and all of them must have ended. */
const aBatch = 100;
/** Of each kind, where a check is switched off. */
const ofEachKind = 3;

/** Everything against an agent with all its checks: nothing may run but the twins, once each. */
export async function hostileReplica(options: HostileOptions): Promise<HostileOutcome> {
  const host = await Host.start(join(options.folder, 'host'), []);
  try {
    const siege = new Siege(host, new Random(options.seed));
    const kinds = Object.keys(attacks);
    for (let sent = 0; sent < options.mutations; sent += aBatch) {
      const batch = Array.from(
        { length: Math.min(aBatch, options.mutations - sent) },
        (_, n) => kinds[(sent + n) % kinds.length] as string,
      );
      await siege.batch(batch);
      if ((sent / aBatch) % 20 === 19) options.say(`hostile replica: ${sent + aBatch} mutations`);
    }
    await siege.replays();
    await siege.clockSetBack();
    return siege.outcome();
  } finally {
    await host.close();
  }
}

/** Each check taken out in turn: names those without which the suite found nothing that ran. */
export async function uselessChecks(options: Omit<HostileOptions, 'mutations'>): Promise<string[]> {
  const useless: string[] = [];
  for (const [name, edits] of Object.entries(switches)) {
    const host = await Host.start(join(options.folder, `without-${name}`), edits);
    try {
      const siege = new Siege(host, new Random(options.seed));
      for (const kind of Object.keys(attacks)) await siege.batch(Array.from({ length: ofEachKind }, () => kind));
      await siege.clockSetBack();
      const { problems } = siege.outcome();
      options.say(`hostile replica: without ${name}: ${problems[0] ?? 'nothing ran'}`);
      if (problems.length === 0) useless.push(name);
    } finally {
      await host.close();
    }
  }
  return useless;
}

class Siege {
  readonly #host: Host;
  readonly #target: Target;
  readonly #tried = new Map<string, number>();
  readonly #kindOf = new Map<string, string>();
  readonly #twins = new Set<string>();
  readonly #taken = new Set<string>();

  constructor(host: Host, random: Random) {
    this.#host = host;
    this.#target = { uid: host.uid, script: host.script, random };
  }

  /** Attacks of these kinds, and a twin behind them. */
  async batch(kinds: readonly string[]): Promise<void> {
    const sent: string[] = [];
    for (const kind of kinds) {
      const offer = attacks[kind]?.(this.#target);
      if (offer === undefined) throw new Error(`no attack ${kind}`);
      this.#offer(offer);
      this.#kindOf.set(offer.execution, kind);
      this.#tried.set(kind, (this.#tried.get(kind) ?? 0) + 1);
      sent.push(offer.execution);
    }
    const stdin = this.#target.random.below(2) === 0 ? { stdin: Buffer.from('twin') } : {};
    const twin = genuine(this.#target, stdin);
    this.#twins.add(twin.execution);
    this.#offer(twin);
    await this.#settle([...sent, twin.execution]);
  }

  /** What ran is offered again: in the same session, once released, and to an agent that was killed. */
  async replays(): Promise<void> {
    const twin = genuine(this.#target);
    this.#twins.add(twin.execution);
    for (let again = 0; again < 2; again += 1) {
      this.#offer(twin);
      await this.#host.ended([twin.execution]);
    }
    this.#host.release([twin.execution]);
    this.#offer(twin);
    await this.#settle([twin.execution]);
    await this.#host.crash();
    this.#offer(twin);
    await this.#settle([twin.execution]);
    this.#tried.set('a replay', (this.#tried.get('a replay') ?? 0) + 4);
  }

  /** An order that nobody delivered while it was good, at a host whose clock was ahead of its expiry and is set back. */
  async clockSetBack(): Promise<void> {
    const kept = genuine(this.#target, { expiresInMs: 3_600_000 });
    const kind = 'an order that has expired, the clock set back';
    this.#kindOf.set(kept.execution, kind);
    this.#tried.set(kind, 1);
    await this.#host.stop();
    await this.#host.boot(7_200_000);
    await this.#host.stop();
    await this.#host.boot();
    this.#offer(kept);
    await this.#settle([kept.execution]);
  }

  outcome(): HostileOutcome {
    const problems: string[] = [];
    const ran = new Map<string, number>();
    for (const execution of this.#host.witnessed) ran.set(execution, (ran.get(execution) ?? 0) + 1);
    for (const execution of new Set([...ran.keys(), ...this.#taken])) {
      if (this.#twins.has(execution)) continue;
      problems.push(
        `${this.#kindOf.get(execution) ?? 'something'} ${ran.has(execution) ? 'ran' : 'was accepted'}: ${execution}`,
      );
    }
    for (const twin of this.#twins) {
      if (ran.get(twin) !== 1) problems.push(`a twin ran ${ran.get(twin) ?? 0} times: ${twin}`);
    }
    return { tried: this.#tried, twins: this.#twins.size, problems };
  }

  #offer({ execution, order, signature, proof, stdin }: Offer): void {
    const { session } = this.#host;
    session.send({
      start: { execution, order, signature, proof: { index: proof.index, siblings: [...proof.siblings] } },
    });
    if (stdin) session.send({ input: { execution, offset: 0, data: stdin } });
  }

  /** All of them have ended; what the agent took upon itself is noted, and it is released from all. */
  async #settle(executions: readonly string[]): Promise<void> {
    await this.#host.ended(executions.filter((id) => parseExecutionId(id) !== undefined));
    for (const execution of this.#host.taken) this.#taken.add(execution);
    this.#host.session.frames.length = 0;
    this.#host.release(executions);
  }
}
