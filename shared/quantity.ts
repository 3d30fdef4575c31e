const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const byteUnits = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const;

export const durationShape = 'a number with a unit, such as 3000ms, 5s, 2m, 1h or 7d';
export const bytesShape = 'a number with a unit, such as 512B, 64KiB, 16MiB or 2GiB';

/** `3000ms`, `1.5s`, `2m`, `1h`, `7d` in ms, rounded; undefined where the text is no duration. A bare `0` is one. */
export function parseDurationMs(text: string): number | undefined {
  return parseQuantity(text, durationUnits, /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/);
}

/** `512B`, `64KiB`, `1.5MiB`, `2GiB` in bytes, rounded; undefined where the text is no size. A bare `0` is one. */
export function parseBytes(text: string): number | undefined {
  return parseQuantity(text, byteUnits, /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB|TiB)$/);
}

function parseQuantity<Unit extends string>(
  text: string,
  units: Readonly<Record<Unit, number>>,
  shape: RegExp,
): number | undefined {
  if (text === '0') return 0;
  const match = shape.exec(text);
  if (match === null) return undefined;
  const value = Math.round(Number(match[1]) * units[match[2] as Unit]);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The shortest exact text of a duration: 90000 → `90s`, 120000 → `2m`. */
export const formatDurationMs = (ms: number): string => formatQuantity(ms, durationUnits, 'ms');

/** The shortest exact text of a size: 65536 → `64KiB`. */
export const formatBytes = (bytes: number): string => formatQuantity(bytes, byteUnits, 'B');

function formatQuantity(value: number, units: Readonly<Record<string, number>>, smallest: string): string {
  const exact = Object.entries(units).filter(([, factor]) => value >= factor && value % factor === 0);
  const [unit, factor] = exact.at(-1) ?? [smallest, 1];
  return `${value / factor}${unit}`;
}
