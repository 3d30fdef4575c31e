/** What this process holds after a garbage collection: the heap and what hangs on it. Needs `--expose-gc`. */
export function heldBytes(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error('started without --expose-gc');
  // Buffers that one collection finds dead are freed by the next.
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
