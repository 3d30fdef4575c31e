import { createLog } from '../../shared/log.ts';
import { systemClock } from '../../shared/time.ts';
import { packageVersion } from '../../shared/version.ts';
import { runProgram } from '../run-program.ts';
import { parseSimulatedSettings, simulatedSettings } from './settings.ts';
import { SimulatedAgents } from './simulated-agents.ts';

/**
 * Prints one line of JSON on stdout once every agent is attached: `{"attached":1000,"elapsedMs":640}`; and one at its end:
 * `{"starts":1000,"ends":1000,"sessions":2040,"startedTwice":[]}`.
 */
await runProgram({
  table: simulatedSettings,
  parse: parseSimulatedSettings,
  async run(settings, stop) {
    const { servers, count, namePrefix, delayMs, outputBytes, outputEveryMs, seed, history, logLevel } = settings;
    const startedAt = systemClock.monotonic();
    const agents = SimulatedAgents.start({
      ...{ servers, count, namePrefix },
      behaviour: { delayMs, outputBytes, outputEveryMs, exitCode: 0 },
      ...(seed !== undefined && { seed }),
      ...(history !== undefined && { historyPath: history }),
      labels: Object.fromEntries(settings.labels),
      version: packageVersion(),
      clock: systemClock,
      log: createLog('muster-simulated-agents', logLevel),
      settings: { ...settings, drainTimeoutMs: 5_000 },
    });
    void agents.whenAttached().then(() => {
      const elapsedMs = Math.round(systemClock.monotonic() - startedAt);
      process.stdout.write(`${JSON.stringify({ attached: count, elapsedMs })}\n`);
    });
    await stop;
    await agents.close();
    process.stdout.write(`${JSON.stringify(agents.summary)}\n`);
  },
});
