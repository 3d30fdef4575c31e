import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from '../metrics.ts';

// Each sample wakes the process, also one that is at rest.
const sampleMs = 50;

/** Numbers of this process, and how long its event loop kept others waiting. The function returned ends the sampling. */
export function watchProcess(metrics: Metrics): () => void {
  const lag = metrics.gauge('muster_process_event_loop_lag_seconds', {
    help: 'How late the event loop was, since the metrics were last read.',
    labels: ['quantile'],
  });
  const cpu = metrics.counter('muster_process_cpu_seconds_total', { help: 'CPU time used, user and system.' });
  const resident = metrics.gauge('muster_process_resident_bytes', { help: 'Memory resident.' });
  const heap = metrics.gauge('muster_process_heap_used_bytes', { help: 'Memory of the JavaScript heap in use.' });
  const started = metrics.gauge('muster_process_start_time_seconds', { help: 'Unix time of the start.' });
  started.set({}, Math.round(performance.timeOrigin) / 1000);

  const delay = monitorEventLoopDelay({ resolution: sampleMs });
  delay.enable();
  let counted = { user: 0, system: 0 };
  metrics.collect(() => {
    for (const [quantile, ns] of [
      ['0.5', delay.percentile(50)],
      ['0.99', delay.percentile(99)],
      ['1', delay.max],
    ] as const) {
      // The histogram holds the whole interval between two samples.
      lag.set({ quantile }, delay.count === 0 ? 0 : Math.max(0, ns / 1e9 - sampleMs / 1000));
    }
    delay.reset();
    const used = process.cpuUsage();
    cpu.add({}, (used.user + used.system - counted.user - counted.system) / 1e6);
    counted = used;
    const memory = process.memoryUsage();
    resident.set({}, memory.rss);
    heap.set({}, memory.heapUsed);
  });
  return () => void delay.disable();
}
