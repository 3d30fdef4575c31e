/** What a signature is over (DSSE v1, https://github.com/secure-systems-lab/dsse): the type is inside, so none can stand for another. */
export const payloadTypes = {
  order: 'application/vnd.muster.order.v1',
  result: 'application/vnd.muster.result.v1',
} as const;

export type PayloadType = (typeof payloadTypes)[keyof typeof payloadTypes];

/** The bytes that are signed: `DSSEv1 <length> <type> <length> <payload>`, lengths in bytes, in decimal. */
export const signedBytes = (type: PayloadType, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
