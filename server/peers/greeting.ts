import type { PeerFrame__Output } from '../../proto/gen/muster/peer/v1/PeerFrame.ts';
import type { PeerHello__Output } from '../../proto/gen/muster/peer/v1/PeerHello.ts';
import type { ReplicaRecord__Output } from '../../proto/gen/muster/store/v1/ReplicaRecord.ts';
import { MusterError } from '../../shared/errors.ts';
import { badFrame } from './peer-wire.ts';

/** The first frame of either side. FRAME_INVALID naming the field. */
export function helloOf({ hello }: PeerFrame__Output): PeerHello__Output {
  if (!hello) throw badFrame('frame', 'only hello may come first');
  if (hello.replica === '') throw badFrame('hello.replica', 'is required');
  if (hello.replica.length > 253) throw badFrame('hello.replica', 'longer than 253 characters');
  if (hello.incarnation === '') throw badFrame('hello.incarnation', 'is required');
  return hello;
}

/** Of two replicas the one whose name sorts first dials. */
export const dials = (own: string, peer: string): boolean => own < peer;

/** FRAME_INVALID where `hello` is from nobody who may dial `own`. */
export function mayDial(own: string, { replica }: PeerHello__Output): void {
  if (replica === own) throw badFrame('hello.replica', `${own} is the name of this replica; two must not share one`);
  if (!dials(replica, own)) throw badFrame('hello.replica', `${own} dials ${replica}, not the other way round`);
}

/** Whether the one that speaks is the process that the store knows by this name. */
export const isOfRecord = (hello: PeerHello__Output, record: ReplicaRecord__Output | undefined): boolean =>
  record !== undefined && record.name === hello.replica && record.incarnation === hello.incarnation;

/** FAILED_PRECONDITION: why the one that speaks is refused. May be right a moment later. */
export function stranger(hello: PeerHello__Output, record: ReplicaRecord__Output | undefined): MusterError {
  const { replica, incarnation } = hello;
  const message = record
    ? `hello.incarnation: ${replica} is another process by now (${record.incarnation}, not ${incarnation})`
    : `hello.replica: the store knows no replica ${replica}`;
  return new MusterError('REPLICA_NAME_TAKEN', message, { field: record ? 'hello.incarnation' : 'hello.replica' });
}
