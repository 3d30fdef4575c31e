import type { MethodDefinition, ServiceDefinition } from '@grpc/proto-loader';
import type { ControlResponse__Output } from '../../proto/gen/muster/peer/v1/ControlResponse.ts';
import type { PeerFrame, PeerFrame__Output } from '../../proto/gen/muster/peer/v1/PeerFrame.ts';
import type { ReadRequest, ReadRequest__Output } from '../../proto/gen/muster/peer/v1/ReadRequest.ts';
import type { ReadResponse__Output } from '../../proto/gen/muster/peer/v1/ReadResponse.ts';
import { type OrFault, orFault } from '../../shared/rpc/frame-fault.ts';
import { codec, serviceDefinition } from '../../shared/rpc/proto.ts';

/** Of a control frame, on the wire. */
export const maxControlBytes = 4 * 1024 * 1024;
/** Of a message of a read: 64 KiB of output and what is said about them. */
const maxReadBytes = 256 * 1024;
/** What a connection lets in: a little over what is judged frame by frame, so that the judgement can name the field. */
export const maxMessageBytes = maxControlBytes + 64 * 1024;

/** What a control stream yields. */
export type ControlMessage = OrFault<{ readonly frame: PeerFrame__Output | null }>;

const control = codec<{ frame: PeerFrame }, ControlResponse__Output>('muster.peer.v1.ControlResponse');

/** The same bytes from either side. */
export const encodeControl = (frame: PeerFrame): Buffer => control.encode({ frame });

const asIs = (bytes: Buffer): Buffer => bytes;
const definition = serviceDefinition('muster.peer.v1.PeerService');

function method(name: 'Control' | 'Read'): MethodDefinition<object, object> {
  const found = definition[name];
  if (found === undefined) throw new Error(`no method ${name}`);
  return found as MethodDefinition<object, object>;
}

/** Of the side that dials: control frames go as the bytes they were encoded to. */
export const controlCall = {
  path: method('Control').path,
  serialize: asIs,
  deserialize: orFault((bytes) => control.decode(bytes) as { frame: PeerFrame__Output | null }, maxControlBytes),
};

/** Of the side that dials. */
export const readCall = {
  path: method('Read').path,
  serialize: method('Read').requestSerialize as (request: ReadRequest) => Buffer,
  deserialize: orFault(method('Read').responseDeserialize as (bytes: Buffer) => ReadResponse__Output, maxReadBytes),
};

/** Of the side that is dialled. */
export function peerServiceDefinition(): ServiceDefinition {
  const [Control, Read] = [method('Control'), method('Read')];
  return {
    Control: {
      ...Control,
      requestDeserialize: orFault(Control.requestDeserialize, maxControlBytes),
      responseSerialize: asIs as never,
    },
    Read: { ...Read, requestDeserialize: orFault(Read.requestDeserialize, maxReadBytes) },
  } as unknown as ServiceDefinition;
}

export type ReadRequestMessage = OrFault<ReadRequest__Output>;
export type ReadResponseMessage = OrFault<ReadResponse__Output>;
