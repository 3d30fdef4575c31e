import type { FollowEvent } from '../job/follow-job.ts';
import { Live } from './live.ts';
import type { JobOutcome, Reporter } from './reporter.ts';
import type { Sink } from './sink.ts';
import { StatusLine } from './status-line.ts';
import type { Style } from './style.ts';
import { failureLines, summaryLine } from './summary.ts';
import { Tally } from './tally.ts';

export interface HumanOptions {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly style: Style;
  /** `live`: with prefixes; `raw`: one node, its bytes as they are; `none`: somebody else shows the output. */
  readonly output: 'live' | 'raw' | 'none';
  /** No progress, no summary. */
  readonly quiet: boolean;
  readonly nodes?: readonly string[];
}

/** The reporter for people: output as it comes, progress and a summary on stderr. */
export function humanReporter(options: HumanOptions): Reporter {
  const { stderr, style, quiet, output } = options;
  const line = new StatusLine({ sink: stderr, enabled: !quiet });
  const tally = new Tally();
  const live = new Live({
    ...options,
    prefix: output === 'live',
    beforeWrite: () => line.hide(),
  });
  const say = async (text: string): Promise<void> => {
    await line.hide();
    await stderr.write(`${text}\n`);
  };
  let awaySaid = false;
  return {
    async event(event: FollowEvent) {
      if (event.type === 'job') tally.expect(event.job.counts?.total ?? 0);
      else if (event.type === 'execution') tally.add(event.execution);
      else if (event.type === 'reconnecting') {
        if (!awaySaid) await say(style.yellow(`muster: ${event.error.message}; the job runs on, trying again`));
        awaySaid = true;
        return;
      } else if (output !== 'none') await live.event(event);
      awaySaid = false;
      const rest = tally.text(['PENDING']);
      line.set(`${tally.over}/${tally.total} over${rest === '' ? '' : `: ${rest}`}`);
    },
    async finish(outcome: JobOutcome) {
      await live.flush();
      await line.end();
      const lines = failureLines(outcome.executions, style, output === 'none');
      if (output === 'raw') lines.splice(0, lines.length, ...oneNode(outcome, style));
      for (const text of lines) await say(text);
      if (!quiet && output !== 'raw') await say(summaryLine(outcome, style));
    },
  };
}

/** Of one node an exit code speaks for itself, as with ssh; anything else is said. */
function oneNode({ executions }: JobOutcome, style: Style): string[] {
  const silent = executions.every(
    ({ state, result }) => state === 'EXECUTION_STATE_FAILED' && result?.exitCode !== undefined,
  );
  return silent ? [] : failureLines(executions, style, false);
}
