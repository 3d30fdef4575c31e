import { resolve } from 'node:path';
import type { run } from 'node:test';

/**
 * Watches a run for what Node calls passed though it never ended: a file that called `process.exit` in the middle, or that
 * has no tests at all. The function returned tells the problems, one a line, once the run is over.
 */
export function watchUnfinished(events: ReturnType<typeof run>): () => string[] {
  const open = new Map<string, number>();
  const empty = new Set<string>();
  const count = (name: string, file: string | undefined, nesting: number, by: number): void => {
    if (file === undefined || isFile(name, file)) return;
    const key = `${file}: "${name}" (depth ${nesting})`;
    open.set(key, (open.get(key) ?? 0) + by);
  };
  events.on('test:dequeue', ({ name, file, nesting }) => count(name, file, nesting, 1));
  events.on('test:complete', ({ name, file, nesting }) => count(name, file, nesting, -1));
  events.on('test:pass', ({ name, file }) => {
    if (file !== undefined && isFile(name, file)) empty.add(file);
  });
  return () => [
    ...[...empty].map((file) => `${file}: ended well without having run a test`),
    ...[...open].filter(([, left]) => left > 0).map(([key]) => `${key} began and never ended`),
  ];
}

/** Node reports a file as a test of its own, by a relative path, where nothing came out of it. */
const isFile = (name: string, file: string): boolean => resolve(name) === file;
