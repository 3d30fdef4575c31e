import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Version of Muster: that of its package. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
