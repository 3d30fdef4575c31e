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
  readonly styles: { readonly stdout: Style; readonly stderr: Style };
  /** `live`: with prefixes; `raw`: bytes as they are; `none`: somebody else shows the output. */
  readonly output: 'live' | 'raw' | 'none';
  /** Failures come with the end of their stderr: where nobody shows stderr otherwise. */
  readonly stderrTail?: boolean;
  /** One node was named, as with ssh: no summary, and its exit code speaks for itself. */
  readonly oneNode: boolean;
  /** No progress, no summary. */
  readonly quiet: boolean;
  readonly nodes?: readonly string[];
}

/** The reporter for people: output as it comes, progress, failures and a summary on stderr. */
export function humanReporter(options: HumanOptions): Reporter {
  const { stderr, quiet, output, oneNode } = options;
  const style = options.styles.stderr;
  const line = new StatusLine({ sink: stderr, enabled: !quiet });
  const tally = new Tally();
  const live = new Live({ ...options, prefix: output === 'live', beforeWrite: () => line.hide() });
  const say = async (text: string): Promise<void> => {
    await line.hide();
    await stderr.write(`${text}\n`);
  };
  let awaySaid = false;
  let coordinator = '';
  return {
    async event(event: FollowEvent) {
      if (event.type === 'reconnecting') {
        if (!awaySaid) await say(style.yellow(`muster: ${event.error.message}; the job runs on, trying again`));
        awaySaid = true;
        return;
      }
      awaySaid = false;
      if (event.type === 'job') {
        tally.expect(event.job.counts?.total ?? 0);
        coordinator = event.job.coordinator;
      } else if (event.type === 'execution') tally.add(event.execution);
      else if (output !== 'none') await live.event(event);
      const rest = tally.text(['PENDING']);
      const by = coordinator === '' ? '' : ` · by ${coordinator}`;
      line.set(`${tally.over}/${tally.total} over${rest === '' ? '' : `: ${rest}`}${by}`);
    },
    async finish(outcome: JobOutcome) {
      await live.flush();
      await line.end();
      const silent = oneNode && output === 'raw' && outcome.executions.every(exitedByItself);
      const lines = silent ? [] : failureLines(outcome.executions, style, options.stderrTail === true);
      for (const text of lines) await say(text);
      if (!quiet && !(oneNode && output === 'raw')) await say(summaryLine(outcome, style));
    },
    beforeOutput: () => line.end(),
  };
}

const exitedByItself = ({ state, result }: JobOutcome['executions'][number]): boolean =>
  state === 'EXECUTION_STATE_FAILED' && result?.exitCode !== undefined;
