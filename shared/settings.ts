import { invalidField } from './errors.ts';
import type { SettingType } from './setting-types.ts';

/** One row of a program's table of settings. */
export interface SettingSpec<Value = unknown> {
  readonly type: SettingType<Value>;
  /** What it is for, bounds and units included: one sentence or two for the reference and `--help`. */
  readonly doc: string;
  /** As one would write it (`5s`, `64KiB`). Without one the value is undefined, unless `required`. */
  readonly default?: string;
  readonly required?: true;
  /** Without dashes; the row's name in kebab-case, without its unit, where not given. */
  readonly flag?: string;
  /** `MUSTER_` and the flag in capitals where not given. */
  readonly env?: string;
}

/** A row with everything filled in, for help texts and the reference. */
export interface Setting extends SettingSpec {
  readonly name: string;
  readonly flag: string;
  readonly env: string;
}

type Rows = Readonly<Record<string, SettingSpec>>;
type ValueOf<Row extends SettingSpec> =
  Row extends SettingSpec<infer Value>
    ? Row extends { default: string } | { required: true }
      ? Value
      : Value | undefined
    : never;

/** What `parse` of a table gives: a value a row, under the row's name. */
export type ValuesOf<Table extends Rows> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };
/** The typed values of a program: `SettingsOf<typeof agentSettings>`. */
export type SettingsOf<Definition> = Definition extends Settings<infer Table> ? ValuesOf<Table> : never;

export interface Settings<Table extends Rows> {
  /** As it is called, for example `muster agent`. */
  readonly program: string;
  readonly rows: readonly Setting[];
  /**
   * The values: a flag wins over the environment, that over the default. `argv` has no program name. Throws MusterError
   * INVALID_FIELD, its field the flag or variable at fault.
   */
  parse(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): ValuesOf<Table>;
  /** `--help` or `-h` is among the arguments. */
  wantsHelp(argv: readonly string[]): boolean;
  /** The text that `--help` prints. */
  help(): string;
}

/** Makes a program's settings of one table. Throws at once where the table contradicts itself. */
export function defineSettings<const Table extends Rows>(program: string, table: Table): Settings<Table> {
  const rows = Object.entries(table).map(([name, spec]) => complete(name, spec));
  for (const column of ['flag', 'env'] as const) {
    const twice = rows.find((row, at) => rows.findIndex((other) => other[column] === row[column]) !== at);
    if (twice) throw new Error(`${program}: two settings have the ${column} ${twice[column]}`);
  }
  return {
    program,
    rows,
    parse(argv, env) {
      const given = readFlags(program, rows, argv);
      const values = rows.map((row) => [row.name, readValue(program, row, given.get(row.name), env[row.env])]);
      return Object.fromEntries(values) as ValuesOf<Table>;
    },
    wantsHelp: (argv) => argv.includes('--help') || argv.includes('-h'),
    help: () => helpText(program, rows),
  };
}

function complete(name: string, spec: SettingSpec): Setting {
  const kebab = name.replace(/(Ms|Bytes)$/, '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const flag = spec.flag ?? kebab;
  const row = { ...spec, name, flag, env: spec.env ?? `MUSTER_${flag.toUpperCase().replaceAll('-', '_')}` };
  if (spec.default !== undefined && spec.type.parse([spec.default]) === undefined) {
    throw new Error(`default of ${name}: must be ${spec.type.shape}`);
  }
  return row;
}

function readFlags(program: string, rows: readonly Setting[], argv: readonly string[]): Map<string, string[]> {
  const given = new Map<string, string[]>();
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] as string;
    const [, flag, inline] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (flag === undefined) {
      throw invalidField(word, `${program} takes no such argument, only flags; see ${program} --help`);
    }
    const negated = rows.find((row) => `no-${row.flag}` === flag && row.type.placeholder === '');
    const row = negated ?? rows.find((candidate) => candidate.flag === flag);
    if (row === undefined) {
      throw invalidField(`--${flag}`, `${program} has no such flag${closest(rows, flag)}; see ${program} --help`);
    }
    let text = inline;
    if (row.type.placeholder === '') text ??= String(negated === undefined);
    else if (text === undefined) {
      at += 1;
      text = argv[at];
      if (text === undefined) throw invalidField(`--${flag}`, `needs a value: ${row.type.shape}`);
    }
    given.set(row.name, [...(given.get(row.name) ?? []), text]);
  }
  return given;
}

function readValue(program: string, row: Setting, flags: string[] | undefined, variable: string | undefined): unknown {
  const fromEnv = variable === undefined || variable === '' ? undefined : [variable];
  const texts = flags ?? fromEnv ?? (row.default === undefined ? undefined : [row.default]);
  if (texts === undefined) {
    if (!row.required) return undefined;
    throw invalidField(`--${row.flag}`, `${program} needs it (or ${row.env}): ${row.type.shape}`);
  }
  const field = flags ? `--${row.flag}` : row.env;
  if (!row.type.repeatable && texts.length > 1) throw invalidField(field, 'given more than once');
  const value = row.type.parse(texts);
  if (value === undefined) {
    throw invalidField(field, `must be ${row.type.shape}, not ${JSON.stringify(texts.join(','))}`);
  }
  return value;
}

function closest(rows: readonly Setting[], flag: string): string {
  const start = flag.slice(0, 3);
  const near = rows.find((row) => row.flag.startsWith(start) || row.flag.includes(flag) || flag.includes(row.flag));
  return near ? `; did you mean --${near.flag}?` : '';
}

function helpText(program: string, rows: readonly Setting[]): string {
  const lines = rows.map((row) => {
    const value = row.type.placeholder === '' ? '' : ` <${row.type.placeholder}>`;
    const fallback = row.required
      ? 'required'
      : row.default === undefined
        ? 'not set'
        : `default ${row.default || '""'}`;
    return `  --${row.flag}${value}\n      ${row.doc}\n      ${row.env}, ${fallback}`;
  });
  return [`usage: ${program} [flags]`, '', ...lines, '  --help', '      Prints this text.', ''].join('\n');
}
