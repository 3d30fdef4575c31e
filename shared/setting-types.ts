import { addressShape, parseAddress } from './address.ts';
import { formatBytes, parseBytes } from './bytes.ts';
import { formatDuration, parseDuration } from './duration.ts';

const durationShape = 'a number with a unit, such as 3000ms, 5s, 2m, 1h or 7d';
const bytesShape = 'a number with a unit, such as 512B, 64KiB, 16MiB or 2GiB';

/** How a setting's text becomes a value. */
export interface SettingType<Value> {
  /** What stands for the value in `--flag <placeholder>`; empty for a switch. */
  readonly placeholder: string;
  /** What would be right, as it reads after "must be". */
  readonly shape: string;
  /** `at least 1s, at most 1h`, where it has bounds. */
  readonly bounds?: string;
  /** The flag may be given several times, and what it gives is put together. */
  readonly repeatable?: boolean;
  /** The value of one or (where repeatable) several texts; undefined where a text is not of the shape. */
  parse(texts: readonly string[]): Value | undefined;
}

export interface Range {
  readonly min?: number;
  readonly max?: number;
}

const last = (texts: readonly string[]): string => texts.at(-1) ?? '';

/** Any text that is not empty. */
export function text(placeholder = 'text'): SettingType<string> {
  return { placeholder, shape: 'a text that is not empty', parse: (texts) => last(texts) || undefined };
}

/** A path of a file or folder, as given. */
export const path = (): SettingType<string> => ({ ...text('path'), shape: 'a path' });

/** `host:port`. */
export function address(): SettingType<string> {
  const parse = (texts: readonly string[]) => (parseAddress(last(texts)) ? last(texts) : undefined);
  return { placeholder: 'host:port', shape: addressShape, parse };
}

/** Milliseconds, written with a unit. The range is in ms. */
export function duration(range: Range = {}): SettingType<number> {
  return ranged('duration', durationShape, range, parseDuration, formatDuration);
}

/** Bytes, written with a unit. The range is in bytes. */
export function bytes(range: Range = {}): SettingType<number> {
  return ranged('size', bytesShape, range, parseBytes, formatBytes);
}

/** A whole number. */
export function integer(range: Range = {}): SettingType<number> {
  const parse = (digits: string) => (/^-?\d{1,15}$/.test(digits) ? Number(digits) : undefined);
  return ranged('number', 'a whole number', range, parse, String);
}

function ranged(
  placeholder: string,
  shape: string,
  { min, max }: Range,
  parse: (text: string) => number | undefined,
  format: (value: number) => string,
): SettingType<number> {
  const given = [min !== undefined && `at least ${format(min)}`, max !== undefined && `at most ${format(max)}`];
  const bounds = given.filter((bound) => bound !== false).join(', ');
  return {
    placeholder,
    shape: bounds === '' ? shape : `${shape}, ${bounds}`,
    bounds,
    parse(texts) {
      const value = parse(last(texts));
      if (value === undefined || value < (min ?? -Infinity) || value > (max ?? Infinity)) return undefined;
      return value;
    },
  };
}

/** One of the words given. */
export function oneOf<const Words extends readonly string[]>(...words: Words): SettingType<Words[number]> {
  return {
    placeholder: words.join('|'),
    shape: `one of ${words.join(', ')}`,
    parse: (texts) => words.find((word) => word === last(texts)),
  };
}

/** A switch: `--flag`, `--no-flag` or `--flag=true|false`. */
export function toggle(): SettingType<boolean> {
  const values: Readonly<Record<string, boolean>> = { true: true, false: false, 1: true, 0: false };
  return { placeholder: '', shape: 'true or false', parse: (texts) => values[last(texts)] };
}

/** Several of one type: the flag repeated, or one text with commas. */
export function listOf<Value>(item: SettingType<Value>): SettingType<readonly Value[]> {
  return {
    placeholder: `${item.placeholder},…`,
    shape: `a list with commas, each ${item.shape}`,
    repeatable: true,
    parse(texts) {
      const values = split(texts).map((part) => item.parse([part]));
      return values.some((value) => value === undefined) ? undefined : (values as Value[]);
    },
  };
}

/** `key=value` pairs: the flag repeated, or one text with commas. A key given twice keeps its last value. */
export function pairs(): SettingType<ReadonlyMap<string, string>> {
  return {
    placeholder: 'key=value,…',
    shape: 'a list of key=value with commas',
    repeatable: true,
    parse(texts) {
      const matches = split(texts).map((part) => /^([^=]+)=(.*)$/s.exec(part));
      if (matches.some((match) => match === null)) return undefined;
      return new Map(matches.map((match) => [match?.[1] ?? '', match?.[2] ?? '']));
    },
  };
}

const split = (texts: readonly string[]): string[] =>
  texts.flatMap((given) => given.split(',').filter((part) => part !== ''));
