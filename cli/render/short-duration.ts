import { formatDuration } from '../../shared/duration.ts';

/** A duration for people, to about three digits: `305ms`, `1.2s`, `2m5s`. */
export function shortDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1).replace(/\.0$/, '')}s`;
  return formatDuration(Math.round(ms / 1000) * 1000);
}

/** How long ago, in the largest unit: `12s`, `5m`, `3h`, `2d`; `-` for never. */
export function age(unixMs: number, nowUnixMs: number): string {
  if (unixMs === 0) return '-';
  const seconds = Math.max(0, Math.round((nowUnixMs - unixMs) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)}h` : `${Math.round(seconds / 86_400)}d`;
}
