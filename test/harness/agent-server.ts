import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import type { ConnectRequest__Output } from '../../proto/gen/muster/v1/ConnectRequest.ts';
import type { ConnectResponse } from '../../proto/gen/muster/v1/ConnectResponse.ts';
import type { KnownExecution__Output } from '../../proto/gen/muster/v1/KnownExecution.ts';
import type { Output__Output } from '../../proto/gen/muster/v1/Output.ts';
import { serviceDefinition } from '../../shared/rpc/proto.ts';
import { toServiceError } from '../../shared/rpc/status.ts';

/** Far beyond what anything here takes; only a broken program waits so long. */
const capMs = 20_000;

type Frame = ConnectRequest__Output;

/** One session as the replica sees it. Says nothing by itself. */
export class ServerSession {
  readonly frames: Frame[] = [];
  readonly call: ServerDuplexStream<Frame, ConnectResponse>;
  readonly #waiting = new Set<() => void>();
  /** The agent has ended its half in good order. */
  halfClosed = false;
  #over = false;

  constructor(call: ServerDuplexStream<Frame, ConnectResponse>) {
    this.call = call;
    call.on('data', (frame: Frame) => {
      this.frames.push(frame);
      this.#changed();
    });
    call.on('end', () => {
      this.halfClosed = !call.cancelled;
    });
    for (const event of ['end', 'error', 'cancelled', 'close']) {
      call.on(event, () => {
        this.#over = true;
        this.#changed();
      });
    }
  }

  send(frame: ConnectResponse): void {
    this.call.write(frame);
  }

  /** Bytes in the place of a frame. */
  sendRaw(bytes: Buffer): void {
    this.call.write(bytes as unknown as ConnectResponse);
  }

  welcome(era = 1, revision = 1, more: { heartbeatIntervalMs?: number; replica?: string } = {}): void {
    this.send({ welcome: { epoch: { era, revision }, heartbeatIntervalMs: 0, replica: 'test', ...more } });
  }

  /** Ends the stream with a status of the error catalog, or well. */
  end(error?: unknown): void {
    if (error === undefined) this.call.end();
    else this.call.emit('error', toServiceError(error));
  }

  /** All pages of Hello, when the last is there. */
  async hello(): Promise<{ first: NonNullable<Frame['hello']>; pages: number; known: KnownExecution__Output[] }> {
    await this.until(() => this.frames.some(({ hello }) => hello?.last), 'the last page of Hello');
    const pages = this.frames.flatMap(({ hello }) => hello ?? []);
    return {
      first: pages[0] as NonNullable<Frame['hello']>,
      pages: pages.length,
      known: pages.flatMap((page) => page.executions),
    };
  }

  /** Waits for Hello and answers it. */
  async greet(era = 1, revision = 1): Promise<void> {
    await this.hello();
    this.welcome(era, revision);
  }

  get outputs(): Output__Output[] {
    return this.frames.flatMap(({ output }) => output ?? []);
  }

  outputsOf(readId: number): Output__Output[] {
    return this.outputs.filter((output) => output.readId === readId);
  }

  finished(): string[] {
    return this.frames.filter(({ event }) => event?.finished).map(({ event }) => event?.execution ?? '');
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    await within(what, (check) => {
      this.#waiting.add(check);
      return { met: condition, forget: () => this.#waiting.delete(check) };
    });
  }

  async ended(): Promise<void> {
    await this.until(() => this.#over, 'the end of the session');
  }

  #changed(): void {
    for (const check of [...this.#waiting]) check();
  }
}

/** An AgentService that a test speaks for, on a real socket. */
export class AgentServer {
  readonly sessions: ServerSession[] = [];
  readonly #server = new Server({ 'grpc.max_receive_message_length': 1024 * 1024 });
  readonly #waiting = new Set<() => void>();
  #port = 0;

  /** On loopback; `port` 0 = any. */
  static async start(port = 0): Promise<AgentServer> {
    const server = new AgentServer();
    const Connect = (call: ServerDuplexStream<Frame, ConnectResponse>): void => {
      server.sessions.push(new ServerSession(call));
      for (const check of [...server.#waiting]) check();
    };
    const { Connect: method } = serviceDefinition('muster.v1.AgentService');
    if (method === undefined) throw new Error('no method Connect');
    const responseSerialize = (frame: object): Buffer =>
      Buffer.isBuffer(frame) ? frame : method.responseSerialize(frame);
    server.#server.addService({ Connect: { ...method, responseSerialize } }, { Connect });
    server.#port = await new Promise<number>((resolve, reject) => {
      const bound = (error: Error | null, actual: number): void => (error ? reject(error) : resolve(actual));
      server.#server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), bound);
    });
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** The nth session, from 0, when it is there. */
  async session(index: number): Promise<ServerSession> {
    await within(`session ${index}`, (check) => {
      this.#waiting.add(check);
      return { met: () => this.sessions.length > index, forget: () => this.#waiting.delete(check) };
    });
    return this.sessions[index] as ServerSession;
  }

  /** Cuts every connection at once, like a killed replica. */
  kill(): void {
    this.#server.forceShutdown();
  }
}

async function within(
  what: string,
  watch: (check: () => void) => { met: () => boolean; forget: () => void },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => done(new Error(`waited in vain for ${what}`)), capMs);
    const check = (): void => {
      if (met()) done();
    };
    const { met, forget } = watch(check);
    function done(error?: Error): void {
      clearTimeout(timer);
      forget();
      if (error) reject(error);
      else resolve();
    }
    check();
  });
}
