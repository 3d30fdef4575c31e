import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ExecutionId, type NodeUid, parseExecutionId } from '../../shared/ids.ts';
import { SigningKey, uidOfKey } from '../../shared/signing/keys.ts';
import { AgentServer, type ServerSession } from '../../test/harness/agent-server.ts';
import { Program } from '../../test/harness/program.ts';
import type { Edit } from './switches.ts';

/** The key that the host trusts; the hostile replica has only what it signed. */
export const owner = SigningKey.generate();
/** A second one, without which nobody changes the keys. */
export const partner = SigningKey.generate();

/** A host whose owner trusts nobody: a real agent that requires signatures, and the replica that it has, which is hostile. */
export class Host {
  readonly folder: string;
  readonly uid: NodeUid;
  /** Appends a line to the witness; what the owner's orders run. */
  readonly script: string;
  readonly #program: Program;
  readonly #server: AgentServer;
  readonly #clock: string;
  #sessions = 0;
  session!: ServerSession;

  /** Its agent runs and its session is open. `edits`: checks that it does without. */
  static async start(folder: string, edits: readonly Edit[]): Promise<Host> {
    const host = new Host(folder, edits, await AgentServer.start());
    await host.boot();
    return host;
  }

  private constructor(folder: string, edits: readonly Edit[], server: AgentServer) {
    this.folder = folder;
    this.#server = server;
    const at = (name: string): string => join(folder, name);
    mkdirSync(at('state'), { recursive: true, mode: 0o700 });
    const key = SigningKey.generate();
    this.uid = uidOfKey(key.public);
    writeFileSync(at('state/key.pem'), key.pem, { mode: 0o600 });
    this.script = at('witness.sh');
    this.#clock = at('clock');
    writeFileSync(this.#clock, '0');
    writeFileSync(this.script, `echo "$MUSTER_EXECUTION" >>${at('witness')}; [ "$1" != stdin ] || cat\n`);
    writeFileSync(at('witness'), '');
    writeFileSync(at('trust'), trustText(2, owner, partner));
    writeFileSync(at('labels'), 'role=web\n');
    writeFileSync(at('policy'), `command /bin/sh ${this.script} *\nstdin yes\n`);
    const rules = ['--trust-file', at('trust'), '--host-labels-file', at('labels'), '--policy-file', at('policy')];
    const fast = [
      '--drain-timeout',
      '100ms',
      '--reconnect-base',
      '10ms',
      '--reconnect-cap',
      '50ms',
      '--log-level',
      'error',
    ];
    this.#program = new Program({
      argv: [
        'agent/main.ts',
        '--server',
        server.address,
        '--name',
        'host',
        '--state-dir',
        at('state'),
        '--signing',
        'require',
        ...rules,
        ...fast,
      ],
      logPath: at('agent.log'),
      env: {
        NODE_OPTIONS: `--import ${join(import.meta.dirname, 'without.ts')}`,
        MUSTER_SLIM_START: 'off',
        MUSTER_ABUSE_EDITS: JSON.stringify(edits),
        MUSTER_ABUSE_CLOCK: this.#clock,
      },
    });
  }

  /** Starts the agent, its clock so far from the true time, and opens its session. */
  async boot(clockShiftMs = 0): Promise<void> {
    writeFileSync(this.#clock, String(clockShiftMs));
    this.#program.start();
    await this.nextSession();
  }

  /** Stops the agent; what it promised is in its journal. */
  async stop(): Promise<void> {
    await this.#program.stop();
  }

  /** The agent is killed and starts again. */
  async crash(): Promise<void> {
    await this.#program.end('SIGKILL');
    await this.boot();
  }

  async nextSession(): Promise<void> {
    this.session = await this.#server.session(this.#sessions);
    this.#sessions += 1;
    await this.session.greet(1, this.#sessions);
  }

  async close(): Promise<void> {
    await this.stop();
    this.#server.kill();
  }

  /** Executions that ran, a line each. */
  get witnessed(): string[] {
    return readFileSync(join(this.folder, 'witness'), 'utf8').split('\n').filter(Boolean);
  }

  /** What the agent took upon itself: it said that it accepted or started it, or ended it as if it had run. */
  get taken(): Set<string> {
    const taken = new Set<string>();
    for (const { event } of this.session.frames) {
      if (event?.accepted || event?.started) taken.add(event.execution);
      const state = event?.finished?.state;
      if (state && !unrun.has(state)) taken.add(event?.execution ?? '');
    }
    return taken;
  }

  /** Resolves when the agent has ended each of these, in whatever way, in this session. */
  async ended(executions: readonly string[]): Promise<void> {
    const { session } = this;
    const left = new Set(executions);
    let seen = 0;
    await session.until(() => {
      for (; seen < session.frames.length; seen += 1) {
        const { event } = session.frames[seen] ?? {};
        if (event?.finished) left.delete(event.execution);
      }
      return left.size === 0;
    }, `the ends of ${left.size} executions`);
  }

  /** Tells the agent that the results are stored. */
  release(executions: readonly string[]): void {
    const own = executions.filter((id) => parseExecutionId(id)?.node === this.uid) as ExecutionId[];
    for (let from = 0; from < own.length; from += 512)
      this.session.send({ release: { executions: own.slice(from, from + 512) } });
  }
}

/** A trust file that two of its keys may change. */
export const trustText = (version: number, ...keys: readonly SigningKey[]): string =>
  `version ${version}\nthreshold 2\n${keys.map((key) => `key ${key.public.text} k\n`).join('')}`;

const unrun: ReadonlySet<string> = new Set([
  'EXECUTION_STATE_REJECTED',
  'EXECUTION_STATE_EXPIRED',
  'EXECUTION_STATE_CANCELLED',
]);
