export interface InFlight {
  /** What each call came to, in the order they ended. */
  readonly each: readonly number[];
  /** From the first call to the end of the last, in ms. */
  readonly elapsedMs: number;
}

/** Calls `action` `count` times, `concurrency` at once. */
export async function inFlight(
  count: number,
  concurrency: number,
  action: (n: number) => Promise<number>,
): Promise<InFlight> {
  const each: number[] = [];
  let next = 0;
  const begin = performance.now();
  const lane = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      each.push(await action(next));
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, concurrency) }, lane));
  return { each, elapsedMs: performance.now() - begin };
}
