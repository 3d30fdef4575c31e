import type { ReadSource } from './outputs.ts';

/** Several sources as one: the first that can read from a node does. */
export function joinedSources(sources: readonly ReadSource[]): ReadSource {
  return {
    read(node, options, sink) {
      for (const source of sources) {
        const handle = source.read(node, options, sink);
        if (handle) return handle;
      }
      return undefined;
    },
    whenBack(node, action) {
      let forgets: (() => void)[] = [];
      const forget = (): void => {
        for (const each of forgets) each();
        forgets = [];
      };
      const once = (): void => {
        if (forgets.length === 0) return;
        forget();
        action();
      };
      forgets = sources.map((source) => source.whenBack(node, once));
      return forget;
    },
  };
}
