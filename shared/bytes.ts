const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/**
 * Bytes of `64KiB`, `2GiB`, `1.5MiB`, `512B` or a bare `512`. Undefined where the text is none of these; `64KB` and `64k` are
 * refused because they mean different sizes to different people.
 */
export function parseBytes(text: string): number | undefined {
  const match = /^([0-9]+(?:\.[0-9]+)?)(B|KiB|MiB|GiB|TiB)?$/.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * 1024 ** Math.max(0, units.indexOf((match[2] ?? 'B') as (typeof units)[number]));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The shortest exact text: `64KiB`, `1025B`; `parseBytes` reads it back. */
export function formatBytes(bytes: number): string {
  let exponent = 0;
  while (exponent < units.length - 1 && bytes > 0 && bytes % 1024 ** (exponent + 1) === 0) exponent++;
  return `${bytes / 1024 ** exponent}${units[exponent]}`;
}

/** For people, three digits at most: `64 KiB`, `1.4 MiB`, `812 B`. */
export function approximateBytes(bytes: number): string {
  let exponent = 0;
  while (exponent < units.length - 1 && bytes >= 1024 ** (exponent + 1)) exponent++;
  const amount = bytes / 1024 ** exponent;
  return `${exponent > 0 && amount < 9.95 ? amount.toFixed(1) : Math.round(amount)} ${units[exponent]}`;
}
