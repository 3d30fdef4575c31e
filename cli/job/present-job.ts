import { constants } from 'node:os';
import type { Job__Output } from '../../proto/gen/muster/v1/Job.ts';
import { MusterError } from '../../shared/errors.ts';
import type { RpcClient } from '../../shared/rpc/client.ts';
import { isRetryable } from '../../shared/rpc/retry.ts';
import { systemClock } from '../../shared/time.ts';
import type { CliContext } from '../context.ts';
import { exitStatus, statusOfCommand, statusOfJob } from '../exit-status.ts';
import { type InterruptStep, Interrupts, listenToSignals } from '../interrupts.ts';
import type { JobReporter } from '../render/job-reporter.ts';
import type { Belief } from './believed.ts';
import { cancelJob } from './cancel-job.ts';
import { latestAttempts } from './execution-states.ts';
import { followJob } from './follow-job.ts';
import { HeardOutput } from './heard-output.ts';
import { Seen } from './seen.ts';

export interface PresentOptions {
  readonly client: RpcClient;
  readonly jobId: string;
  readonly belief: Belief;
  readonly context: CliContext;
  readonly reporter: JobReporter;
  readonly retryForMs: number;
  /** The command's own status instead of the job's. */
  readonly exitOfCommand: boolean;
  /** Give up waiting (not the job) after this long, in ms; undefined = never. */
  readonly waitMs?: number;
}

class Detached extends Error {
  readonly status: number;
  constructor(status: number) {
    super('detached');
    this.status = status;
  }
}

/** Follows a job to its end, shows it, and gives the status to exit with. Ctrl-C is handled meanwhile. */
export async function presentJob(options: PresentOptions): Promise<number> {
  const { client, jobId, belief, reporter } = options;
  const { stdout, stderr } = options.context;
  const seen = new Seen();
  const heard = belief.signed && reporter.wantsOutput ? new HeardOutput() : undefined;
  const stop = new AbortController();
  const say = (text: string): void => void stderr.write(`muster: ${text}\n`).catch(() => {});
  let cancelling: Promise<void> | undefined;
  const onStep = (step: InterruptStep, signal: NodeJS.Signals): void => {
    if (step === 'ask') {
      say('Ctrl-C again within 3 s cancels the job; otherwise it runs on without you');
    } else if (step === 'cancel') {
      say('cancelling; waiting for the receipts (Ctrl-C once more to leave)');
      cancelling = cancelJob(client, jobId, { retryForMs: options.retryForMs, signal: stop.signal }).then(
        () => {},
        (error: unknown) => {
          if (!stop.signal.aborted) say(`the cancel was not taken: ${(error as Error).message}`);
        },
      );
    } else {
      leave(128 + constants.signals[signal], signal);
    }
  };
  const leave = (status: number, signal?: NodeJS.Signals): void => {
    const said = stderr.write(`muster: the job runs on. ${comeBack(jobId)}\n`).catch(() => {});
    stop.abort(new Detached(status));
    if (signal === undefined || !stdout.blocked) return;
    // A write that nobody takes would hold the process, exit and all: then the signal itself ends it.
    listening.stop();
    void said.then(() => setImmediate(() => stdout.blocked && process.kill(process.pid, signal)));
  };
  const listening = listenToSignals(new Interrupts({ clock: systemClock, onStep }));
  const waited =
    options.waitMs === undefined ? undefined : systemClock.after(options.waitMs, () => leave(exitStatus.timedOut));
  let job: Job__Output | undefined;
  try {
    for await (const event of followJob({
      ...options,
      withoutOutput: !reporter.wantsOutput,
      seen,
      signal: stop.signal,
    })) {
      if (event.type === 'job') job = event.job;
      if ('stream' in event) heard?.take(event);
      await reporter.event(event);
      stop.signal.throwIfAborted();
    }
    await cancelling;
    const latest = latestAttempts(seen.executions());
    const executions = heard ? latest.map((execution) => heard.judged(execution)) : latest;
    await reporter.finish({ job, executions });
    return options.exitOfCommand ? statusOfCommand(executions) : statusOfJob(executions);
  } catch (error) {
    if (error instanceof Detached) return error.status;
    if (isBrokenPipe(error)) {
      say(`nobody reads the output any more; the job runs on. ${comeBack(jobId)}`);
      return 128 + constants.signals.SIGPIPE;
    }
    if (isRetryable(error)) {
      throw new MusterError(error.reason, `${error.message}; the job runs on. ${comeBack(jobId)}`, { cause: error });
    }
    throw error;
  } finally {
    waited?.cancel();
    listening.stop();
    stop.abort(new Detached(0));
    await reporter.close();
  }
}

/** How to find the job again. */
export const comeBack = (jobId: string): string => `Come back: muster watch ${jobId}   Cancel: muster cancel ${jobId}`;

const isBrokenPipe = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EPIPE';
