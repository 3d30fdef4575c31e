import { rmSync } from 'node:fs';

const tries = 20;

/**
 * Deletes a spool folder. A drain that is just ending may still make a file in it: then it is tried again at once, and what is
 * left after that goes with the agent's next start.
 */
export function removeSpool(path: string): void {
  for (let count = 0; count < tries; count++) {
    try {
      rmSync(path, { recursive: true, force: true });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') return;
    }
  }
}
