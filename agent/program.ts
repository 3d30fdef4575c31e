import { createLog } from '../shared/log.ts';
import { systemClock } from '../shared/time.ts';
import { packageVersion } from '../shared/version.ts';
import { Agent } from './agent.ts';
import { runProgram } from './run-program.ts';
import { agentSettings, parseAgentSettings } from './settings.ts';

/** The agent as a program. */
export const program = (): Promise<void> =>
  runProgram({
    table: agentSettings,
    parse: parseAgentSettings,
    async run(settings, stop) {
      const log = createLog('muster-agent', settings.logLevel);
      const agent = await Agent.start({
        settings,
        version: packageVersion(),
        clock: systemClock,
        log,
        exit: (status) => process.exit(status),
      });
      log.info(`agent stops: ${await stop}`);
      await agent.close();
    },
  });
