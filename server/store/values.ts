import type {
  CoordinatorRecord,
  CoordinatorRecord__Output,
} from '../../proto/gen/muster/store/v1/CoordinatorRecord.ts';
import type { Era, Era__Output } from '../../proto/gen/muster/store/v1/Era.ts';
import type { JobRecord, JobRecord__Output } from '../../proto/gen/muster/store/v1/JobRecord.ts';
import type { LeaderRecord, LeaderRecord__Output } from '../../proto/gen/muster/store/v1/LeaderRecord.ts';
import type { LostResult, LostResult__Output } from '../../proto/gen/muster/store/v1/LostResult.ts';
import type { NodeRecord, NodeRecord__Output } from '../../proto/gen/muster/store/v1/NodeRecord.ts';
import type { OrderRecord, OrderRecord__Output } from '../../proto/gen/muster/store/v1/OrderRecord.ts';
import type { PresenceRecord, PresenceRecord__Output } from '../../proto/gen/muster/store/v1/PresenceRecord.ts';
import type { ReplicaRecord, ReplicaRecord__Output } from '../../proto/gen/muster/store/v1/ReplicaRecord.ts';
import type { ResultBatch, ResultBatch__Output } from '../../proto/gen/muster/store/v1/ResultBatch.ts';
import type { StdinChunk, StdinChunk__Output } from '../../proto/gen/muster/store/v1/StdinChunk.ts';
import type { TargetChunk, TargetChunk__Output } from '../../proto/gen/muster/store/v1/TargetChunk.ts';
import { codec } from '../../shared/rpc/proto.ts';

const room = 'muster.store.v1';

/**
 * The codecs of what stands under each key of the store, by what the key is called in `keys`. `names/<name>` and `open/<job>`
 * hold no message: see `nameValue` and `emptyValue`. `decode` throws on bytes that are no such message.
 */
export const values = {
  era: codec<Era, Era__Output>(`${room}.Era`),
  leader: codec<LeaderRecord, LeaderRecord__Output>(`${room}.LeaderRecord`),
  lostResult: codec<LostResult, LostResult__Output>(`${room}.LostResult`),
  replica: codec<ReplicaRecord, ReplicaRecord__Output>(`${room}.ReplicaRecord`),
  node: codec<NodeRecord, NodeRecord__Output>(`${room}.NodeRecord`),
  presence: codec<PresenceRecord, PresenceRecord__Output>(`${room}.PresenceRecord`),
  order: codec<OrderRecord, OrderRecord__Output>(`${room}.OrderRecord`),
  target: codec<TargetChunk, TargetChunk__Output>(`${room}.TargetChunk`),
  stdin: codec<StdinChunk, StdinChunk__Output>(`${room}.StdinChunk`),
  state: codec<JobRecord, JobRecord__Output>(`${room}.JobRecord`),
  result: codec<ResultBatch, ResultBatch__Output>(`${room}.ResultBatch`),
  coordinator: codec<CoordinatorRecord, CoordinatorRecord__Output>(`${room}.CoordinatorRecord`),
} as const;

/** Value of `names/<name>`: the node uid as text. */
export const nameValue = {
  encode: (uid: string): Buffer => Buffer.from(uid, 'utf8'),
  decode: (bytes: Buffer): string => bytes.toString('utf8'),
} as const;

/** Value of `open/<job>`, which says all it has to by being there. */
export const emptyValue: Buffer = Buffer.alloc(0);
