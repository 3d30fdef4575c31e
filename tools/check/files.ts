import { readSource, sourcePaths } from './sources.ts';
import type { Finding, Step } from './step.ts';

const longestLines = 320;
const comfortableLines = 250;

export const lengthStep: Step = {
  name: 'file length',
  advice: `A file says one thing and is read in one go: at most ${longestLines} lines. Take out what has a name of its own.`,
  async run(): Promise<Finding> {
    const paths = await sourcePaths('.ts');
    return lengthFinding(new Map(paths.map((path) => [path, readSource(path)])));
  },
};

export function lengthFinding(sources: ReadonlyMap<string, string>): Finding {
  const lengths = [...sources].map(([path, text]) => ({ path, lines: text.trimEnd().split('\n').length }));
  const line = ({ path, lines }: { path: string; lines: number }) => `${path}: ${lines} lines`;
  return {
    problems: lengths.filter(({ lines }) => lines > longestLines).map(line),
    notes: lengths.filter(({ lines }) => lines > comfortableLines && lines <= longestLines).map(line),
  };
}

// Spelled so that this file is no finding of its own.
const leftover = new RegExp(
  `\\b(${['TO', 'FIX', 'XX', 'HA'].map((start, at) => start + ['DO', 'ME', 'X', 'CK'][at]).join('|')})\\b`,
);
const silenced = new RegExp(`@ts-(${'ign'}ore|${'no'}check)`);

export const leftoverStep: Step = {
  name: 'leftovers',
  advice: 'Finish it, or write an issue: the tree holds no notes to self and no silenced type errors.',
  async run(): Promise<Finding> {
    const paths = await sourcePaths('.ts', '.cjs', '.sh', '.proto', '.md', '.json', '.yaml', '.yml');
    return { problems: paths.flatMap((path) => leftovers(path, readSource(path))) };
  },
};

export function leftovers(path: string, source: string): string[] {
  const lines = source.split('\n').map((text, at) => ({ text, at: at + 1 }));
  return lines
    .filter(({ text }) => leftover.test(text) || silenced.test(text))
    .map(({ text, at }) => `${path}:${at}: ${text.trim()}`);
}
