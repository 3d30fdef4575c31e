import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { packageVersion } from '../shared/version.ts';

/** `fill` and `done` in the images that follow; anything else (`off`) by whoever wants none. */
const variable = 'MUSTER_SLIM_START';

/**
 * Starts the program again in this process, from compiled code: Node keeps its TypeScript stripper in memory once it has used
 * it, a quarter of an agent at rest. Returns where that is done, not wanted or not possible. `load` imports all of the program,
 * once for every version, so that the code is there.
 */
export async function slimStart(load: () => Promise<unknown>): Promise<void> {
  const stage = process.env[variable];
  // A parent's IPC channel would not survive.
  if ((stage !== undefined && stage !== 'fill') || process.env.NODE_CHANNEL_FD !== undefined) return;
  const cache = ownCacheDir();
  if (cache === undefined) return;
  const complete = join(cache, `complete-${packageVersion()}-${process.version}`);
  if (stage === 'fill') {
    await load();
    flushCompileCache();
    markComplete(complete);
  }
  startAgain(cache, stage === 'fill' || existsSync(complete) ? 'done' : 'fill');
}

function startAgain(cache: string, stage: 'fill' | 'done'): void {
  if (process.execve === undefined) return;
  const [script = '', ...args] = process.argv.slice(1);
  const flags = process.execArgv.filter((flag) => flag !== youngGeneration);
  const env = { ...process.env, NODE_COMPILE_CACHE: cache, [variable]: stage };
  process.execve(
    process.execPath,
    [process.execPath, ...flags, youngGeneration, script, ...args],
    env as NodeJS.ProcessEnv,
  );
}

/** In MiB. An agent makes little garbage, slowly. */
const youngGeneration = '--max-semi-space-size=1';

function markComplete(path: string): void {
  try {
    writeFileSync(path, '');
  } catch {
    // A full disk: the next start fills the cache again.
  }
}

/** Code is loaded from there: it must be ours alone. */
function ownCacheDir(): string | undefined {
  const home = homedir();
  // Users of services are given homes that do not exist; under some of them a recursive mkdir never returns.
  if (home === '/' || !existsSync(home)) return undefined;
  try {
    const path = join(home, '.cache', 'muster', 'compiled');
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (statSync(path).uid !== process.getuid?.()) return undefined;
    chmodSync(path, 0o700);
    return path;
  } catch {
    return undefined;
  }
}
