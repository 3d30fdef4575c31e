const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const longestMs = Number.MAX_SAFE_INTEGER;

/**
 * Milliseconds of `3000ms`, `5s`, `2m`, `1h`, `1.5h`, `7d` or a sum such as `1h30m`; `0` needs no unit. Undefined where the
 * text is none of these: whoever asked names the field.
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)(ms|s|m|h|d)/g)) {
    totalMs += Number(amount) * unitMs[unit as keyof typeof unitMs];
  }
  totalMs = Math.round(totalMs);
  return totalMs > longestMs ? undefined : totalMs;
}

/** The shortest exact text of a whole number of milliseconds: `1h30m`, `2s500ms`, `0s`; `parseDuration` reads it back. */
export function formatDuration(ms: number): string {
  let text = '';
  let rest = ms;
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const amount = Math.floor(rest / unitMs[unit]);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * unitMs[unit];
  }
  return text || '0s';
}
