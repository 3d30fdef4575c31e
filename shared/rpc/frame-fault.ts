/** A frame, or why the bytes that came are none. */
export type OrFault<Frame> = Frame & { readonly fault?: string };

/** Bytes that are no frame become one that says so: grpc-js would end the call by itself, with INTERNAL, and tell nobody. */
export function orFault<Frame extends object>(
  deserialize: (bytes: Buffer) => Frame,
  maxFrameBytes: number,
): (bytes: Buffer) => OrFault<Frame> {
  const faulty = (fault: string): OrFault<Frame> => ({ fault }) as OrFault<Frame>;
  return (bytes) => {
    if (bytes.length > maxFrameBytes) return faulty(`${bytes.length} bytes; at most ${maxFrameBytes} are allowed`);
    try {
      return deserialize(bytes);
    } catch {
      return faulty('these bytes are no frame');
    }
  };
}
