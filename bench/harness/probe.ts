// Loaded by `--import` into every process that the bench starts, Muster's and bare ones alike: collects garbage and watches
// the event loop when asked, and ends the process when the bench is gone. Costs nothing until it is asked.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { answerAsks } from './asks.ts';

const resolutionMs = 5;
let delay: ReturnType<typeof monitorEventLoopDelay> | undefined;

answerAsks({
  'probe.gc': () => {
    for (let round = 0; round < 3; round += 1) globalThis.gc?.();
  },
  'probe.loop-begin': () => {
    delay?.disable();
    delay = monitorEventLoopDelay({ resolution: resolutionMs });
    delay.enable();
  },
  'probe.loop-end': () => {
    delay?.disable();
    return Math.max(0, (delay?.max ?? 0) / 1e6 - resolutionMs);
  },
});

process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
