import type { ExecutionResult, ExecutionResult__Output } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { OutputSummary__Output } from '../../proto/gen/muster/v1/OutputSummary.ts';

const reasonChars = 64;
const messageChars = 1024;
const tailBytes = 4096;
const digestBytes = 32;
const maxGaps = 64;
const maxSignals = 16;
const maxProcesses = 64;
const nameChars = 64;

/**
 * A result within the bounds its proto names, whatever an agent sent: what is longer is cut, so that no agent makes a batch that
 * the store refuses for ever. Shares no memory with the frame it came in.
 */
export function boundedResult(result: ExecutionResult__Output): ExecutionResult {
  const { receipt } = result;
  return {
    ...result,
    reason: result.reason.slice(0, reasonChars),
    message: result.message.slice(0, messageChars),
    stdout: boundedSummary(result.stdout),
    stderr: boundedSummary(result.stderr),
    stderrTail: Buffer.from(result.stderrTail.subarray(-tailBytes)),
    receipt: receipt && {
      ...receipt,
      cause: receipt.cause.slice(0, reasonChars),
      signals: receipt.signals.slice(0, maxSignals),
      processesLeft: receipt.processesLeft
        .slice(0, maxProcesses)
        .map(({ pid, name }) => ({ pid, name: name.slice(0, nameChars) })),
    },
  };
}

function boundedSummary(summary: OutputSummary__Output | null): OutputSummary__Output | null {
  return (
    summary && {
      ...summary,
      digest: Buffer.from(summary.digest.subarray(0, digestBytes)),
      gaps: summary.gaps.slice(0, maxGaps).map((gap) => ({ ...gap, reason: gap.reason.slice(0, reasonChars) })),
    }
  );
}
