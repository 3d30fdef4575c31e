import type { OrderSignature, OrderSignature__Output } from '../../proto/gen/muster/v1/OrderSignature.ts';
import { codec } from '../rpc/proto.ts';
import { payloadTypes } from './dsse.ts';
import type { PublicKey, SigningKey } from './keys.ts';

/** An order as it was submitted; `signature` is an encoded `OrderSignature`, empty = unsigned. */
export interface SignedOrder {
  readonly order: Buffer;
  readonly signature: Buffer;
}

export const maxOrderSignatureBytes = 4096;
const maxSignatures = 16;

const envelopes = codec<OrderSignature, OrderSignature__Output>('muster.v1.OrderSignature');

/** Signs the exact bytes of an order, with every key. */
export const signOrder = (order: Buffer, ...keys: readonly SigningKey[]): Buffer =>
  envelopes.encode({
    payloadType: payloadTypes.order,
    signatures: keys.map((key) => ({
      keyId: Buffer.from(key.public.id, 'hex'),
      signature: key.sign(payloadTypes.order, order),
    })),
  });

/** The signature with those of further keys. Throws where it is none. */
export function cosigned({ order, signature }: SignedOrder, ...keys: readonly SigningKey[]): Buffer {
  const before = signature.length === 0 ? undefined : readEnvelope(signature);
  const more = readEnvelope(signOrder(order, ...keys));
  return envelopes.encode({
    payloadType: payloadTypes.order,
    signatures: [...(before?.signatures ?? []), ...(more?.signatures ?? [])],
  });
}

/** Which of the keys signed these exact bytes as an order, each once, at least one. Never throws: the sentence says why none did. */
export function orderSigners(
  { order, signature }: SignedOrder,
  keys: ReadonlyMap<string, PublicKey>,
): { readonly keys: readonly PublicKey[] } | { readonly fault: string } {
  if (signature.length === 0) return { fault: 'the order is not signed' };
  const envelope = readEnvelope(signature);
  if (envelope === undefined) return { fault: 'the signature can’t be read' };
  if (envelope.payloadType !== payloadTypes.order) {
    return { fault: `the signature is of ${JSON.stringify(envelope.payloadType.slice(0, 64))}, not of an order` };
  }
  let known = false;
  const signers = new Set<PublicKey>();
  for (const { keyId, signature: bytes } of envelope.signatures) {
    const key = keys.get(keyId.toString('hex'));
    known ||= key !== undefined;
    if (key?.verifies(payloadTypes.order, order, bytes)) signers.add(key);
  }
  if (signers.size > 0) return { keys: [...signers] };
  return { fault: known ? 'the signature is not over these bytes' : 'it is signed by a key that is not trusted here' };
}

/** What is wrong with the shape of a signature; undefined = nothing, or there is none. Whether it holds is for those who have keys. */
export function orderSignatureFault(signature: Buffer): string | undefined {
  if (signature.length === 0) return undefined;
  if (signature.length > maxOrderSignatureBytes) {
    return `is ${signature.length} bytes; at most ${maxOrderSignatureBytes} are allowed`;
  }
  return readEnvelope(signature) ? undefined : `is no OrderSignature with 1 to ${maxSignatures} signatures of an order`;
}

function readEnvelope(bytes: Buffer): OrderSignature__Output | undefined {
  if (bytes.length > maxOrderSignatureBytes) return undefined;
  try {
    const envelope = envelopes.decode(bytes);
    const { length } = envelope.signatures;
    return length >= 1 && length <= maxSignatures ? envelope : undefined;
  } catch {
    return undefined;
  }
}
