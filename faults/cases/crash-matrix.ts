import { type Hit, runTestFiles } from '../run-test-file.ts';
import type { FaultCase } from '../trial.ts';

export const crashMatrix: FaultCase = {
  name: 'crash-matrix',
  title:
    'agent, supervisor, both, and the drains killed at each of the nine points: the outcome is the one of docs/recovery.md',
  short: false,
  async run(trial) {
    const repeat = trial.full ? 50 : 1;
    const said = await runTestFiles(trial, {
      pattern: 'test/agent/executions/crash-matrix*.test.ts',
      kind: 'kill-at-point',
      env: { MUSTER_CRASH_REPEAT: `${repeat}` },
      hits: (title) => hitsOf(title, repeat),
    });
    const counted = /hits: (.*)$/m.exec(said)?.[1] ?? '';
    trial.check(counted !== '', 'the matrix does not say how often it hit its points');
    for (const [, name = '', count] of counted.matchAll(/([a-z-]+(?: killed)?) (\d+)/g))
      trial.figure(`hits of ${name}`, Number(count), '');
  },
};

/** `agent at received (auto): …` kills the agent at that point, so many times; other tests of the file kill nobody. */
function hitsOf(title: string, repeat: number): Hit[] {
  const [, victim, point] = /^(\w+) at ([a-z-]+) \(/.exec(title) ?? [];
  if (victim === undefined || point === undefined) return [];
  const kind = victim === 'reboot' ? victim : `kill-${victim}`;
  return Array.from({ length: repeat }, () => ({ kind, window: point }));
}
