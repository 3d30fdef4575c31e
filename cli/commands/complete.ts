import { Command } from 'commander';
import { RpcClient } from '../../shared/rpc/client.ts';
import { jobMethods, nodeMethods } from '../../shared/rpc/methods.ts';
import { candidatesFor } from '../completion/candidates.ts';
import type { CliContext } from '../context.ts';
import { serverList } from '../flags/values.ts';

const askMs = 1000;

/** `muster __complete WORDS…`: what the completion scripts ask; candidates a line each, never an error. */
export function completeCommand(context: CliContext): Command {
  const command = new Command('__complete')
    .argument('[words...]')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false);
  return command.action(async (words: string[]) => {
    const found = candidatesFor(command.parent as Command, words);
    const names = found.kind === 'words' ? [] : await living(context, found.kind).catch(() => []);
    await context.stdout.write([...found.words, ...names].map((word) => `${word}\n`).join(''));
  });
}

async function living(context: CliContext, kind: 'jobs' | 'nodes'): Promise<string[]> {
  const servers = serverList(context.env.MUSTER_SERVER || '127.0.0.1:7500');
  const client = new RpcClient({ servers, connectTimeoutMs: askMs });
  try {
    if (kind === 'nodes') {
      const { nodes } = await client.call(nodeMethods.ListNodes, { pageSize: 1000 }, { timeoutMs: askMs });
      return nodes.map(({ name }) => name);
    }
    const { jobs } = await client.call(jobMethods.ListJobs, { pageSize: 50 }, { timeoutMs: askMs });
    return jobs.map(({ id }) => id);
  } finally {
    client.close();
  }
}
