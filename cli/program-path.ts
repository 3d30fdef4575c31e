import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** The programs that this one starts; it knows nothing of their insides. */
export const programPath = {
  replica: join(root, 'server/main.ts'),
  agent: join(root, 'agent/main.ts'),
} as const;

/** Version of this program: that of its package. */
export function cliVersion(): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
}
