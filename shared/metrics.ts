/** Values of the labels that a metric was made with. */
export type Labels<Name extends string> = Readonly<Record<Name, string>>;

export interface Counter<Name extends string> {
  /** Adds `by` (1 by default; never negative). */
  add(labels: Labels<Name>, by?: number): void;
}

export interface Gauge<Name extends string> {
  set(labels: Labels<Name>, value: number): void;
}

export interface Histogram<Name extends string> {
  observe(labels: Labels<Name>, value: number): void;
}

export interface MetricOptions<Name extends string> {
  readonly help: string;
  /** Names of its labels: few, with few values each, never an id. */
  readonly labels?: readonly Name[];
}

type Kind = 'counter' | 'gauge' | 'histogram';

interface Series {
  readonly labels: readonly string[];
  value: number;
  /** Histograms: observations per bucket, not cumulative; the last one is +Inf. */
  readonly buckets: number[];
}

const maxSeriesPerMetric = 200;
const nameShape = /^muster_[a-z][a-z0-9]*(_[a-z0-9]+)+$/;

/**
 * The numbers of one program, in the text format of Prometheus. Names are `muster_<area>_<what>_<unit>`. A metric has at most
 * 200 series: whatever comes beyond is counted under the label value `other`.
 */
export class Metrics {
  readonly #metrics = new Map<string, Metric>();
  readonly #collectors: (() => void)[] = [];

  counter<Name extends string = never>(name: string, options: MetricOptions<Name>): Counter<Name> {
    if (!name.endsWith('_total')) throw new Error(`${name}: a counter's name ends in _total`);
    const metric = this.#add(name, 'counter', options, []);
    return {
      add(labels, by = 1) {
        if (by < 0 || !Number.isFinite(by)) throw new RangeError(`${name}: ${by} can't be added to a counter`);
        metric.series(labels).value += by;
      },
    };
  }

  gauge<Name extends string = never>(name: string, options: MetricOptions<Name>): Gauge<Name> {
    const metric = this.#add(name, 'gauge', options, []);
    return {
      set(labels, value) {
        metric.series(labels).value = value;
      },
    };
  }

  /** `bounds` are the upper bounds of the buckets, rising; +Inf is added. */
  histogram<Name extends string = never>(
    name: string,
    options: MetricOptions<Name> & { readonly bounds: readonly number[] },
  ): Histogram<Name> {
    if (options.bounds.some((bound, at) => at > 0 && bound <= (options.bounds[at - 1] ?? 0))) {
      throw new Error(`${name}: bounds must rise`);
    }
    const metric = this.#add(name, 'histogram', options, options.bounds);
    return {
      observe(labels, value) {
        const series = metric.series(labels);
        const at = options.bounds.findIndex((bound) => value <= bound);
        const bucket = at === -1 ? options.bounds.length : at;
        series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
        series.value += value;
      },
    };
  }

  /** Called before each rendering: for gauges that are read, not kept. */
  collect(collector: () => void): void {
    this.#collectors.push(collector);
  }

  /** Everything, as text of Prometheus's exposition format 0.0.4. */
  render(): string {
    for (const collector of this.#collectors) collector();
    return [...this.#metrics.values()].map((metric) => metric.render()).join('');
  }

  #add(name: string, kind: Kind, options: MetricOptions<string>, bounds: readonly number[]): Metric {
    if (!nameShape.test(name)) throw new Error(`${name}: must be muster_<area>_<what>_<unit>`);
    if (this.#metrics.has(name)) throw new Error(`${name}: exists already`);
    const metric = new Metric(name, kind, options.help, options.labels ?? [], bounds);
    this.#metrics.set(name, metric);
    return metric;
  }
}

class Metric {
  readonly #name: string;
  readonly #kind: Kind;
  readonly #help: string;
  readonly #labelNames: readonly string[];
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Series>();

  constructor(name: string, kind: Kind, help: string, labelNames: readonly string[], bounds: readonly number[]) {
    this.#name = name;
    this.#kind = kind;
    this.#help = help;
    this.#labelNames = labelNames;
    this.#bounds = bounds;
    if (labelNames.length === 0) this.series({});
  }

  series(labels: Readonly<Record<string, string>>): Series {
    const values = this.#labelNames.map((name) => labels[name] ?? '');
    return this.#find(values) ?? this.#make(values);
  }

  #find(values: readonly string[]): Series | undefined {
    return this.#series.get(values.join('\0'));
  }

  #make(values: readonly string[]): Series {
    if (this.#series.size >= maxSeriesPerMetric) {
      const others = values.map(() => 'other');
      const found = this.#find(others);
      if (found !== undefined) return found;
      return this.#keep(others);
    }
    return this.#keep(values);
  }

  #keep(labels: readonly string[]): Series {
    const buckets = this.#kind === 'histogram' ? new Array<number>(this.#bounds.length + 1).fill(0) : [];
    const series: Series = { labels, value: 0, buckets };
    this.#series.set(labels.join('\0'), series);
    return series;
  }

  render(): string {
    const head = `# HELP ${this.#name} ${escapeHelp(this.#help)}\n# TYPE ${this.#name} ${this.#kind}\n`;
    return head + [...this.#series.values()].map((series) => this.#renderSeries(series)).join('');
  }

  #renderSeries(series: Series): string {
    if (this.#kind !== 'histogram') return `${this.#name}${this.#labelText(series)} ${numberText(series.value)}\n`;
    let count = 0;
    const lines = series.buckets.map((bucket, at) => {
      count += bucket;
      const bound = this.#bounds[at];
      const le = bound === undefined ? '+Inf' : numberText(bound);
      return `${this.#name}_bucket${this.#labelText(series, ['le', le])} ${count}\n`;
    });
    const labels = this.#labelText(series);
    return `${lines.join('')}${this.#name}_sum${labels} ${numberText(series.value)}\n${this.#name}_count${labels} ${count}\n`;
  }

  #labelText(series: Series, ...more: [string, string][]): string {
    const all = [...this.#labelNames.map((name, at) => [name, series.labels[at] ?? ''] as const), ...more];
    return all.length === 0 ? '' : `{${all.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`;
  }
}

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
