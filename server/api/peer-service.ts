import type { ServerDuplexStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import { toServiceError } from '../../shared/rpc/status.ts';
import type { Peers } from '../peers/peers.ts';
import type { ReadStream } from '../peers/served-read.ts';

/** `PeerService`: hands the streams of other replicas to the peers. */
export function peerService(peers: Peers): UntypedServiceImplementation {
  return {
    Control: (call: ServerDuplexStream<unknown, Buffer>) => {
      peers.control(call as never, (error) => {
        if (error) call.emit('error', toServiceError(error));
        else call.end();
      });
    },
    Read: (call: ReadStream) => peers.serveRead(call),
  };
}
