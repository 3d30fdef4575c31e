import type { Attributes } from '@opentelemetry/api';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { AggregationTemporality, InstrumentType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';

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

const maxSeriesPerMetric = 200;
const nameShape = /^muster_[a-z][a-z0-9]*(_[a-z0-9]+)+$/;

/**
 * The numbers of one program, kept by OpenTelemetry's SDK. Names are `muster_<area>_<what>_<unit>`. A metric has at most 200
 * series: whatever comes beyond is counted under the label value `other`. Only a replica makes one: the SDK costs memory.
 */
export class Metrics {
  readonly #names = new Set<string>();
  readonly #collectors: (() => void)[] = [];
  readonly #gauges: (() => void)[] = [];
  readonly #reader = new Reader();
  readonly #meter = new MeterProvider({ readers: [this.#reader] }).getMeter('muster');
  // Names and labels as they were given: nothing about the scope or the target.
  readonly #serializer = new PrometheusSerializer('', false, undefined, true, true);
  #rendering: Promise<string> | undefined;

  /** Of all metrics made, whether they have a value yet or not. */
  get names(): readonly string[] {
    return [...this.#names];
  }

  counter<Name extends string = never>(name: string, options: MetricOptions<Name>): Counter<Name> {
    if (!name.endsWith('_total')) throw new Error(`${name}: a counter's name ends in _total`);
    const counter = this.#meter.createCounter(this.#claim(name), { description: options.help });
    const series = boundedSeries(options.labels);
    if (options.labels === undefined) counter.add(0);
    return {
      add(labels, by = 1) {
        if (by < 0 || !Number.isFinite(by)) throw new RangeError(`${name}: ${by} can't be added to a counter`);
        counter.add(by, series(labels));
      },
    };
  }

  gauge<Name extends string = never>(name: string, options: MetricOptions<Name>): Gauge<Name> {
    const gauge = this.#meter.createGauge(this.#claim(name), { description: options.help });
    const series = boundedSeries(options.labels);
    const values = new Map<Attributes, number>();
    this.#gauges.push(() => {
      for (const [attributes, value] of values) gauge.record(value, attributes);
    });
    return { set: (labels, value) => void values.set(series(labels), value) };
  }

  /** `bounds` are the upper bounds of the buckets; +Inf is added. */
  histogram<Name extends string = never>(
    name: string,
    options: MetricOptions<Name> & { readonly bounds: readonly number[] },
  ): Histogram<Name> {
    const advice = { explicitBucketBoundaries: [...options.bounds] };
    const histogram = this.#meter.createHistogram(this.#claim(name), { description: options.help, advice });
    const series = boundedSeries(options.labels);
    return { observe: (labels, value) => histogram.record(value, series(labels)) };
  }

  /** Called before each rendering: for gauges that are read, not kept. */
  collect(collector: () => void): void {
    this.#collectors.push(collector);
  }

  /** Everything that has a value, as text of Prometheus's exposition format 0.0.4. Who asks meanwhile gets the same. */
  render(): Promise<string> {
    this.#rendering ??= this.#render().finally(() => {
      this.#rendering = undefined;
    });
    return this.#rendering;
  }

  async #render(): Promise<string> {
    for (const prepare of [...this.#collectors, ...this.#gauges]) prepare();
    const { resourceMetrics } = await this.#reader.collect();
    return this.#serializer.serialize(resourceMetrics);
  }

  #claim(name: string): string {
    if (!nameShape.test(name)) throw new Error(`${name}: must be muster_<area>_<what>_<unit>`);
    if (this.#names.has(name)) throw new Error(`${name}: exists already`);
    this.#names.add(name);
    return name;
  }
}

/**
 * Read when asked. A cumulative gauge is merged by the wall clock, so that one set back would freeze it: gauges are deltas, told
 * anew at each rendering.
 */
class Reader extends MetricReader {
  constructor() {
    super({
      aggregationTemporalitySelector: (type) =>
        type === InstrumentType.GAUGE ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
    });
  }

  protected override async onShutdown(): Promise<void> {}

  protected override async onForceFlush(): Promise<void> {}
}

/**
 * The attributes of a series, the same object each time. The SDK's own limit bounds what is new between two collections, not the
 * sum of them.
 */
function boundedSeries<Name extends string>(names: readonly Name[] = []): (labels: Labels<Name>) => Attributes {
  const known = new Map<string, Attributes>();
  const others: Attributes = Object.fromEntries(names.map((name) => [name, 'other']));
  return (labels) => {
    const key = names.map((name) => labels[name]).join('\0');
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size >= maxSeriesPerMetric) return others;
    const attributes: Attributes = Object.fromEntries(names.map((name) => [name, labels[name]]));
    known.set(key, attributes);
    return attributes;
  };
}
