import type { ServiceDefinition } from '@grpc/proto-loader';
import type { AgentServiceHandlers } from '../../proto/gen/muster/v1/AgentService.ts';
import type { ConnectRequest__Output } from '../../proto/gen/muster/v1/ConnectRequest.ts';
import { type ErrorReason, MusterError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { type OrFault, orFault } from '../../shared/rpc/frame-fault.ts';
import { serviceDefinition } from '../../shared/rpc/proto.ts';
import { toServiceError } from '../../shared/rpc/status.ts';
import type { Admission } from '../fleet/admission.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { HelloPages } from '../fleet/hello.ts';
import type { AgentStream, Session } from '../fleet/session.ts';
import type { SessionEnd } from '../fleet/session-end.ts';

const standardHelloTimeoutMs = 15_000;

/** More than any frame needs; the bound of the replica's other services is a submission's. */
const maxFrameBytes = 1024 * 1024;

/** Bytes that are no frame become one that says so. */
export function agentServiceDefinition(): ServiceDefinition {
  const definition = serviceDefinition('muster.v1.AgentService');
  const { Connect } = definition;
  if (Connect === undefined) throw new Error('no method Connect');
  return {
    ...definition,
    Connect: { ...Connect, requestDeserialize: orFault(Connect.requestDeserialize, maxFrameBytes) },
  };
}

type Frame = OrFault<ConnectRequest__Output>;

/** `AgentService`: gathers the pages of `Hello`, then hands every frame to the session. */
export function agentService(options: {
  fleet: Fleet;
  admission: Admission;
  log: Log;
  /** An agent is turned away. */
  refused?: (reason: ErrorReason) => void;
  /** An agent that opens a stream must have said all of its `Hello` by then. */
  helloTimeoutMs?: number;
}): AgentServiceHandlers {
  const { helloTimeoutMs = standardHelloTimeoutMs } = options;
  return {
    Connect: (call) => new AgentCall(call as AgentStream, options).begin(helloTimeoutMs),
  };
}

/** One stream, from its first byte to its session. */
class AgentCall {
  readonly #call: AgentStream;
  readonly #fleet: Fleet;
  readonly #admission: Admission;
  readonly #log: Log;
  readonly #refused: (reason: ErrorReason) => void;
  readonly #pages = new HelloPages();
  #session: Session | undefined;
  #admitting = false;
  #over = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(call: AgentStream, options: Parameters<typeof agentService>[0]) {
    this.#call = call;
    this.#fleet = options.fleet;
    this.#admission = options.admission;
    this.#log = options.log;
    this.#refused = options.refused ?? (() => {});
  }

  begin(helloTimeoutMs: number): void {
    const call = this.#call;
    call.on('error', (error) => this.#end('connection-failed', error.message));
    try {
      this.#admission.open();
    } catch (error) {
      // Nothing of its Hello is read: a refusal must cost less than what it keeps away.
      this.#refused(reasonOf(error));
      call.emit('error', toServiceError(error));
      return;
    }
    call.on('data', (frame: Frame) => this.#guard(() => this.#frame(frame)));
    call.on('cancelled', () => this.#end('cancelled'));
    call.on('end', () => this.#end('hung-up'));
    call.on('close', () => this.#end('connection-closed'));
    this.#timer = setTimeout(
      () => this.#refuse(new MusterError('FRAME_INVALID', 'hello: did not come', { field: 'hello' })),
      helloTimeoutMs,
    );
    this.#timer.unref();
  }

  #frame(frame: Frame): void {
    if (this.#over) return;
    if (frame.fault !== undefined) throw new MusterError('FRAME_INVALID', `frame: ${frame.fault}`, { field: 'frame' });
    if (this.#session) return this.#session.receive(frame);
    if (!frame.hello || this.#admitting) {
      throw new MusterError('FRAME_INVALID', 'frame: only hello may come before welcome', { field: 'frame' });
    }
    const hello = this.#pages.add(frame.hello);
    if (hello === undefined) return;
    this.#admitting = true;
    clearTimeout(this.#timer);
    const claimed = this.#admission.claim(this.#fleet.knows(hello.uid));
    this.#fleet
      .admit(hello, this.#call)
      .finally(claimed)
      .then(
        (session) => {
          this.#session = session;
          if (this.#over) session.end('hung-up');
        },
        (error: unknown) => this.#refuse(error),
      );
  }

  /** grpc-js turns an error thrown in a listener into the end of the process. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): void {
    if (this.#over) return;
    const answer = toServiceError(error);
    // While the store is away thousands come and are told when to come back.
    const expected = error instanceof MusterError && error.retryAfterMs !== undefined;
    this.#log[expected ? 'debug' : 'warn']({ err: error, code: answer.code }, 'session refused');
    if (!this.#session) this.#refused(reasonOf(error));
    if (this.#session) this.#session.end('bad-frame', error instanceof MusterError ? error : undefined, answer.details);
    else this.#call.emit('error', answer);
    this.#end('refused', answer.details);
  }

  #end(reason: SessionEnd, detail = ''): void {
    clearTimeout(this.#timer);
    this.#over = true;
    this.#session?.end(reason, undefined, detail);
  }
}

const reasonOf = (error: unknown): ErrorReason => (error instanceof MusterError ? error.reason : 'INTERNAL');
