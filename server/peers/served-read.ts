import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { ReadResponse } from '../../proto/gen/muster/peer/v1/ReadResponse.ts';
import type { Output__Output } from '../../proto/gen/muster/v1/Output.ts';
import type { Read__Output } from '../../proto/gen/muster/v1/Read.ts';
import { MusterError } from '../../shared/errors.ts';
import { type ExecutionId, isNodeUid, type NodeUid, parseExecutionId } from '../../shared/ids.ts';
import { toServiceError } from '../../shared/rpc/status.ts';
import type { OutputStreamName, ReadHandle, ReadOptions, ReadSink } from '../fleet/session.ts';
import type { LocalSessions } from './local-sessions.ts';
import type { ReadRequestMessage } from './peer-methods.ts';
import { badFrame } from './peer-wire.ts';

export type ReadStream = ServerDuplexStream<ReadRequestMessage, ReadResponse>;

/** A node is asked for so much beyond what the connection to the peer has taken. */
const aheadBytes = 1024 * 1024;

/** One read of a peer on a node held here: its pieces go on as they come, and the node is asked for no more than is taken. */
export class ServedRead implements ReadSink {
  readonly #call: ReadStream;
  readonly #local: LocalSessions;
  #handle: ReadHandle | undefined;
  #begun = false;
  #over = false;
  /** The peer's. */
  #wanted = 0;
  /** The node's. */
  #asked = 0;
  /** Everything before it has been taken by the connection. */
  #taken = 0;

  constructor(options: { call: ReadStream; local: LocalSessions }) {
    const { call } = options;
    this.#call = call;
    this.#local = options.local;
    call.on('data', (request: ReadRequestMessage) => this.#guard(() => this.#request(request)));
    call.on('end', () => this.#end());
    for (const event of ['error', 'cancelled', 'close']) call.on(event, () => this.#drop());
  }

  piece(output: Output__Output): void {
    if (this.#over) return;
    const { offset, data, gap } = output;
    const until = gap ? gap.until : offset + data.length;
    this.#call.write({ output: { ...output, readId: 0 } }, () => {
      this.#taken = Math.max(this.#taken, until);
      this.#ask();
    });
    if (output.end || output.present) this.#finish();
  }

  failed(error: string): void {
    if (this.#over) return;
    this.#call.write({ output: { readId: 0, offset: this.#taken, error } });
    this.#finish();
  }

  lost(): void {
    this.#refuse(away());
  }

  #request(request: ReadRequestMessage): void {
    if (this.#over) return;
    if (request.fault !== undefined) throw badFrame('request', request.fault);
    const { read } = request;
    if (!read) throw badFrame('read', 'is required');
    if (!Number.isSafeInteger(read.until)) throw badFrame('read.until', 'is no offset');
    this.#wanted = Math.max(this.#wanted, read.until);
    if (this.#begun) return this.#ask();
    this.#begun = true;
    const options = optionsOf(read, request.uid);
    this.#taken = options.from;
    this.#asked = Math.min(options.until, options.from + aheadBytes);
    this.#handle = this.#local.read(options.node, { ...options, until: this.#asked }, this);
    if (!this.#handle) throw away();
  }

  /** In steps, so that a node gets a frame now and then and not one a piece. */
  #ask(): void {
    if (this.#over || !this.#handle) return;
    const until = Math.min(this.#wanted, this.#taken + aheadBytes);
    if (until <= this.#asked || (until < this.#wanted && until - this.#asked < aheadBytes / 2)) return;
    this.#asked = until;
    this.#handle.extend(until);
  }

  /** The node has said all. */
  #finish(): void {
    this.#over = true;
    this.#handle = undefined;
    this.#call.end();
  }

  /** The peer has heard enough. */
  #end(): void {
    this.#drop();
    this.#call.end();
  }

  #drop(): void {
    this.#over = true;
    this.#handle?.close();
    this.#handle = undefined;
  }

  #refuse(error: unknown): void {
    if (this.#over) return;
    this.#drop();
    this.#call.emit('error', toServiceError(error));
  }

  /** grpc-js turns an error thrown in a listener into the end of the process. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#refuse(error);
    }
  }
}

const away = (): MusterError => new MusterError('NODE_AWAY', 'the node is not held here; read on where it is now');

/** Of the first message. FRAME_INVALID naming the field. */
function optionsOf(read: Read__Output, uid: string): ReadOptions & { readonly node: NodeUid } {
  const { execution, stream, from, until, untilPresent } = read;
  if (!isNodeUid(uid)) throw badFrame('uid', 'must be 32 lower-case hex digits');
  if (parseExecutionId(execution)?.node !== uid) {
    throw badFrame('read.execution', 'must be job/node uid/attempt of this node');
  }
  if (stream !== 'OUTPUT_STREAM_STDOUT' && stream !== 'OUTPUT_STREAM_STDERR')
    throw badFrame('read.stream', 'is required');
  if (!Number.isSafeInteger(from)) throw badFrame('read.from', 'is no offset');
  if (until < from) throw badFrame('read.until', 'is before from');
  return {
    ...{ node: uid, execution: execution as ExecutionId, stream: stream as OutputStreamName, from, until },
    ...(untilPresent && { untilPresent }),
  };
}
