import { MusterError } from '../shared/errors.ts';
import { createLog } from '../shared/log.ts';
import { openTracer } from '../shared/telemetry.ts';
import { systemClock } from '../shared/time.ts';
import { packageVersion } from '../shared/version.ts';
import { weighExternalMemory } from './external-memory.ts';
import { Replica } from './replica.ts';
import { parseReplicaSettings, type ReplicaSettings, replicaSettings } from './settings.ts';

/** Exit statuses: 0 stopped by a signal, 1 could not start, 2 usage. */
async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  if (replicaSettings.wantsHelp(argv)) {
    process.stdout.write(replicaSettings.help());
    return;
  }
  const settings = parse(argv);
  if (settings === undefined) return;
  weighExternalMemory();
  const log = createLog('muster-replica', settings.logLevel);
  const stop = new Promise<NodeJS.Signals>((resolve) => {
    // A service manager may say it twice, to the launcher and to us: a stop that is under way goes on. Ctrl-C again ends it.
    process.on('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  try {
    const tracer = await openTracer({ service: 'muster-replica', version: packageVersion(), log, env: process.env });
    const starting = Replica.start({ settings, clock: systemClock, log, tracer });
    const replica = await Promise.race([starting, stop.then(() => undefined)]);
    // Nobody was served yet: whatever it was waiting for need not be waited for.
    if (replica === undefined) process.exit(0);
    const failed = await Promise.race([stop.then(() => undefined), replica.failed]);
    await replica.stop();
    await tracer.shutdown();
    if (failed !== undefined) throw failed;
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    process.stderr.write(`muster replica: ${error.message}\n`);
    process.exitCode = 1;
  }
}

function parse(argv: readonly string[]): ReplicaSettings | undefined {
  try {
    return parseReplicaSettings(argv, process.env);
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    process.stderr.write(`muster replica: ${error.message}\n`);
    process.exitCode = 2;
    return undefined;
  }
}

await main();
