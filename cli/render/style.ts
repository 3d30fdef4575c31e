export interface Style {
  readonly colored: boolean;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
  /** One of a few colours, the same for the same name. */
  byName(name: string, text: string): string;
}

const nameColors = [36, 35, 34, 33, 32, 96, 95, 94];

/** Colours for a terminal, or none at all. */
export function createStyle(colored: boolean): Style {
  const sgr = (code: number) => (text: string) => (colored ? `\x1b[${code}m${text}\x1b[0m` : text);
  return {
    colored,
    red: sgr(31),
    green: sgr(32),
    yellow: sgr(33),
    dim: sgr(2),
    bold: sgr(1),
    byName(name, text) {
      let hash = 0;
      for (const char of name) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
      return sgr(nameColors[hash % nameColors.length] as number)(text);
    },
  };
}

/** Colours only on a terminal, and not where `NO_COLOR` has any value or the flag or `TERM=dumb` says no. */
export const wantsColor = (
  isTerminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
  flag: boolean,
): boolean => isTerminal && flag && !env.NO_COLOR && env.TERM !== 'dumb';
