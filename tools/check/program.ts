import { join } from 'node:path';
import { execa } from 'execa';
import type { Step } from './step.ts';

/** Top folder of the project. */
export const root = join(import.meta.dirname, '../..');

/** A step that is one program of node_modules: what it prints is the problem where its exit status is not 0. */
export function programStep(name: string, command: readonly string[], advice: string): Step {
  return {
    name,
    advice,
    async run() {
      const [file = '', ...args] = command;
      const done = await execa(file, args, { preferLocal: true, cwd: root, reject: false, all: true, stdin: 'ignore' });
      if (done.exitCode === 0) return { problems: [] };
      return { problems: [done.all || done.shortMessage || `${file} failed`] };
    },
  };
}
