import { createInterface } from 'node:readline/promises';
import type { CliContext } from './context.ts';

/** What somebody types in answer; undefined where nobody is at a terminal. End-of-file is an empty answer. */
export async function ask({ stdin, stderr }: CliContext, question: string): Promise<string | undefined> {
  if (!stdin.isTTY || !stderr.isTerminal) return undefined;
  const lines = createInterface({ input: stdin, output: process.stderr });
  try {
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    return await Promise.race([lines.question(question), ended]);
  } finally {
    lines.close();
  }
}
