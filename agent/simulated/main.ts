import { createLog } from '../../shared/log.ts';
import { systemClock } from '../../shared/time.ts';
import { packageVersion } from '../../shared/version.ts';
import { runProgram } from '../run-program.ts';
import { parseSimulatedSettings, simulatedSettings } from './settings.ts';
import { SimulatedAgents } from './simulated-agents.ts';

/** Prints one line of JSON on stdout once every agent is attached: `{"attached":1000,"elapsedMs":640}`. */
await runProgram({
  table: simulatedSettings,
  parse: parseSimulatedSettings,
  async run(settings, stop) {
    const { servers, count, namePrefix, delayMs, outputBytes, dialTimeoutMs, keepaliveIntervalMs, logLevel } = settings;
    const startedAt = systemClock.monotonic();
    const agents = SimulatedAgents.start({
      ...{ servers, count, namePrefix, delayMs, outputBytes },
      labels: Object.fromEntries(settings.labels),
      version: packageVersion(),
      clock: systemClock,
      log: createLog('muster-simulated-agents', logLevel),
      settings: {
        dialTimeoutMs,
        keepaliveIntervalMs,
        keepaliveTimeoutMs: 10_000,
        welcomeTimeoutMs: 60_000,
        drainTimeoutMs: 5_000,
        reconnectBaseMs: 500,
        reconnectCapMs: 30_000,
      },
    });
    void agents.whenAttached().then(() => {
      const elapsedMs = Math.round(systemClock.monotonic() - startedAt);
      process.stdout.write(`${JSON.stringify({ attached: count, elapsedMs })}\n`);
    });
    await stop;
    await agents.close();
  },
});
