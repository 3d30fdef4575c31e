import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromJSON, type MessageTypeDefinition, type ServiceDefinition } from '@grpc/proto-loader';

/** Folder of the generated types, bundle and descriptors. */
export const generatedDir = join(import.meta.dirname, '../../proto/gen');

const definitions = fromJSON(JSON.parse(readFileSync(join(generatedDir, 'bundle.json'), 'utf8')), {
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
});

/** Encodes and decodes one message type. `decode` throws on bytes that are not such a message. */
export interface Codec<Input, Output> {
  encode(message: Input): Buffer;
  decode(bytes: Buffer): Output;
}

/** The codec of a message, by full name, for example `codec<Order, Order__Output>('muster.v1.Order')`. */
export function codec<Input, Output>(fullName: string): Codec<Input, Output> {
  const definition = definitions[fullName] as MessageTypeDefinition<object, object> | undefined;
  if (definition === undefined || !('serialize' in definition)) throw new Error(`no message ${fullName}`);
  return {
    encode: (message) => definition.serialize(message as object),
    decode: (bytes) => definition.deserialize(bytes) as Output,
  };
}

/** The gRPC definition of a service, by full name, for example `muster.v1.JobService`. */
export function serviceDefinition(fullName: string): ServiceDefinition {
  const definition = definitions[fullName];
  if (definition === undefined || 'format' in definition) throw new Error(`no service ${fullName}`);
  return definition as ServiceDefinition;
}
